// Checks a code. The code is only an example: give the one that arrived with
// `npm run job -- events/check.xs --input.code CODE`.
run.job "Twilio Verify Check" {
  main = {
    name: "check_verification"
    input: {
      to_phone: "+14155552671"
      code: "123456"
    }
  }
  env = ["twilio_account_sid", "twilio_auth_token"]
}
