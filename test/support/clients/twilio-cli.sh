#!/bin/sh
# Drives the emulator with twilio-cli: start, resend, check, cancel, fetch, errors.
#
#   npm i twilio-cli            (anywhere outside this repository)
#   test/support/clients/twilio-cli.sh http://127.0.0.1:3001 path/to/node_modules/.bin/twilio
#
# Exits 0 where everything is as Twilio answers it, else 1 with what was not.
set -eu
EMULATOR_URL=${1%/}
twilio=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
zeros=00000000000000000000000000000000
service=VA$zeros
to=+14155552671

HOME=$(mktemp -d)
trap 'rm -rf "$HOME"' EXIT
NODE_OPTIONS="--require $here/redirect-twilio.cjs"
TWILIO_ACCOUNT_SID=AC$zeros
TWILIO_AUTH_TOKEN=emulator-token
export EMULATOR_URL HOME NODE_OPTIONS TWILIO_ACCOUNT_SID TWILIO_AUTH_TOKEN

control() { curl -fsS "$EMULATOR_URL/_emulator/$1" -d "$2" >/dev/null; }
newest_code() { curl -fsS "$EMULATOR_URL/_emulator/messages" | sed 's/.*"code":"\([0-9]*\)".*/\1/'; }

# verify RESOURCE VERB PROPERTY ARGUMENTS…: prints the property of the reply.
verify() {
  resource=$1 verb=$2 property=$3
  shift 3
  # The value stands in the last line, under its name.
  "$twilio" "api:verify:v2:services:$resource:$verb" --service-sid "$service" --properties "$property" \
    -o tsv "$@" >"$HOME/stdout" 2>"$HOME/stderr" || { cat "$HOME/stderr" >&2; return 1; }
  tail -n 1 "$HOME/stdout"
}
expect() { [ "$2" = "$3" ] || { echo "$1: expected $2, got $3" >&2; exit 1; }; }
# refused CODE COMMAND…: the command must fail with Twilio's error code.
refused() {
  code=$1
  shift
  if "$@" >/dev/null 2>"$HOME/refusal"; then echo "$*: not refused" >&2; exit 1; fi
  grep -q "$code" "$HOME/refusal" || { cat "$HOME/refusal" >&2; exit 1; }
}

control reset '{}'
sid=$(verify verifications create sid --to $to --channel sms)
expect resend "$sid" "$(verify verifications create sid --to $to --channel call)"
code=$(newest_code)
wrong=$(printf '%s' "$code" | tr 0-9 1-90)
expect 'wrong code' pending "$(verify verification-check create status --to $to --code "$wrong")"
expect 'right code' approved "$(verify verification-check create status --to $to --code "$code")"
refused 20404 verify verification-check create status --to $to --code "$code"
refused 20404 verify verifications fetch status --sid "$sid"

sid=$(verify verifications create sid --to $to --channel sms)
expect fetch pending "$(verify verifications fetch status --sid "$sid")"
expect cancel canceled "$(verify verifications update status --sid "$sid" --status canceled)"
expect 'fetch canceled' canceled "$(verify verifications fetch status --sid "$sid")"

refused 60200 verify verifications create status --to +19995551234 --channel sms
refused 60203 verify verifications create status --to +15005550203 --channel sms
echo 'twilio-cli found everything as Twilio answers it'
