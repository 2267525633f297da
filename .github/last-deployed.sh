#!/usr/bin/env bash
# Prints `sha=` and the commit whose deployment to a stage last succeeded, nothing after it where none did:
# .github/last-deployed.sh STAGE
set -euo pipefail

api="repos/$GITHUB_REPOSITORY/deployments"
deployments=$(gh api "$api?environment=$1&per_page=50" --jq '.[] | "\(.id) \(.sha)"')
while read -r id sha; do
  [ -n "$id" ] || continue
  # A deployment's last word: one that a later success replaced is `inactive`, the one under way has not succeeded yet.
  state=$(gh api "$api/$id/statuses?per_page=1" --jq '.[0].state')
  if [ "$state" = success ]; then
    echo "sha=$sha"
    exit 0
  fi
done <<<"$deployments"
echo 'sha='
