// The main job: `npm run job` runs it on the embedded default, reads the code that reached the emulated phone,
// and checks it. `npm run job -- events/run.xs` runs this start alone.
//
// service_sid may be added; without it the deployment's own service is used.
run.job "Twilio Verify Phone" {
  main = {
    name: "start_verification"
    input: {
      to_phone: "+14155552671"
      channel: "sms"
    }
  }
  env = ["twilio_account_sid", "twilio_auth_token"]
}
