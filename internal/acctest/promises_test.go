package acctest_test

import (
	"os"
	"strings"
	"testing"
)

// promises are the items of the guides about faults and secrets, by how they
// begin, and the tests that prove them.
var promises = map[string][]proof{
	"A call is repeated when":              {{"elb", "TestRetries", "503"}, {"elb", "TestRetries", "lost before it was done"}, {"elb", "TestRetriesEnd", ""}, {"elb", "TestUnsentIsRepeated", ""}},
	"A server that throttles (429)":        {{"elb", "TestThrottled", ""}},
	"A connection that fails for":          {{"elb", "TestLastingErrors", ""}},
	"A token from a password":              {{"auth", "TestOneTokenPerProject", ""}, {"auth", "TestRefusedTokenIsRenewed", ""}, {"provider", "TestExpiredTokenIsRenewedOnce", ""}},
	"A creation is sent again only":        {{"elb", "TestCreateExactlyOnce", "commit 3 s after the 504"}, {"provider", "TestChaos", ""}},
	"A certificate that was not listed":    {{"elb", "TestCreateExactlyOnce", "lost after the commit"}, {"provider", "TestCreationsThatAreNotSimple", "found"}},
	"Where more than one certificate":      {{"elb", "TestCreateExactlyOnce", "two candidates"}, {"provider", "TestCreationsThatAreNotSimple", "two that may be it"}},
	"Where nothing is found":               {{"elb", "TestCreateExactlyOnce", "commit 8 s after the 504"}, {"provider", "TestCreationsThatAreNotSimple", "twice"}, {"provider", "TestCreationsThatAreNotSimple", "perhaps twice"}},
	"A certificate that was there before":  {{"elb", "TestCreateExactlyOnce", "there was one before"}, {"provider", "TestCreationsThatAreNotSimple", "there was one before"}},
	"As soon as the id is known":           {{"provider", "TestAccHalfCreated", "cut after the id, not read back"}},
	"A certificate leaves the state only":  {{"elb", "TestLists", ""}, {"elb", "TestReadsAreNeverOlderThanOurWrites", ""}, {"provider", "TestAccUnreadable", ""}, {"provider", "TestChaos", ""}},
	"One list serves all":                  {{"provider", "TestCallsOfManyCertificates", ""}, {"provider", "TestFailingListIsTriedOnce", ""}, {"elb", "TestFailedListIsRemembered", ""}},
	"A change that the server accepts":     {{"elb", "TestUpdateWaitsForTheChange", ""}, {"elb", "TestUpdateGivesUpWaiting", ""}},
	"A deletion whose answer was lost":     {{"elb", "TestLostDelete", ""}},
	"While a listener holds":               {{"elb", "TestDeleteNamesTheListeners", ""}, {"provider", "TestAccDeleteInUse", ""}},
	"Ctrl-C ends whatever":                 {{"provider", "TestInterrupted", ""}, {"provider", "TestAccInterruptedRead", ""}, {"provider", "TestAccInterruptedCreate", ""}, {"elb", "TestCreationOutlivesItsCaller", ""}},
	"After Terraform or the provider":      {{"provider", "TestAccProviderIsKilled", ""}, {"provider", "TestAccTerraformIsKilled", ""}},
	"The private keys that the API shows":  {{"elb", "TestDecoderMemory", ""}, {"provider", "TestAccTraceShowsNoSecret", ""}},
	"The ephemeral resource alone":         {{"provider", "TestAccEphemeralExample", ""}, {"provider", "TestEphemeralCertificate", ""}, {"provider", "TestEphemeralWithoutKey", ""}},
	"A key in `private_key_wo`":            {{"provider", "TestAccWriteOnlyKey", ""}, {"provider", "TestAccEphemeralExample", ""}},
	"The key in the configuration is sent": {{"elb", "TestCreateCertificate", ""}, {"provider", "TestAccTraceShowsNoSecret", ""}},
	"No log of any level":                  {{"provider", "TestAccTraceShowsNoSecret", ""}, {"provider", "TestLogsShowCallsAndNoSecrets", ""}, {"provider", "TestLogsShowNoCredentials", ""}},
	"An error passes on":                   {{"elb", "TestErrorsShowNoSecret", ""}, {"elb", "TestAnswersShowNoSecret", ""}, {"elb", "TestCutSecretsAreNotShown", ""}},
	"A crash prints":                       {{"provider", "TestAccPanicShowsNoSecret", ""}},
	"Credentials go to":                    {{"elb", "TestRedirectIsNotFollowed", ""}, {"provider", "TestAddresses", ""}},
	"TLS is checked.":                      {{"elb", "TestLastingErrors", ""}, {"provider", "TestSettingsEndpoints", ""}, {"provider", "TestTLSSettings", ""}},
}

// TestEveryPromiseIsProven fails when a guide promises what no test has, and when
// a test is renamed or removed.
func TestEveryPromiseIsProven(t *testing.T) {
	t.Parallel()
	tests := map[string]map[string]map[string]bool{}
	for _, pkg := range []string{"auth", "elb", "provider"} {
		tests[pkg] = testsOf(t, "../"+pkg)
	}
	made := map[string]bool{}
	for _, guide := range []string{"faults", "secrets"} {
		text, err := os.ReadFile("../../templates/guides/" + guide + ".md.tmpl")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			item, isItem := strings.CutPrefix(line, "- ")
			if !isItem || strings.HasPrefix(item, "**") { // what is not protected
				continue
			}
			found := false
			for beginning := range promises {
				if strings.HasPrefix(item, beginning) {
					found, made[beginning] = true, true
				}
			}
			if !found {
				t.Errorf("nothing proves: %s", item)
			}
		}
	}
	for beginning, proofs := range promises {
		if !made[beginning] {
			t.Errorf("no guide has an item that begins with %q", beginning)
		}
		check(t, tests, beginning, proofs)
	}
}
