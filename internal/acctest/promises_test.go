package acctest_test

import (
	"os"
	"strings"
	"testing"
)

// promises are the items of the guides about faults and secrets, by how they
// begin, and the tests that prove them.
var promises = map[string][]proof{
	"A request is retried when": {
		{"elb", "TestRetries", "503"},
		{"elb", "TestRetries", "lost before it was done"},
		{"httpapi", "TestRetries", ""},
		{"httpapi", "TestRetriesEnd", ""},
		{"httpapi", "TestUnsentIsRepeated", ""},
		{"httpapi", "TestCutBody", ""},
		{"provider", "TestConnectionEndsWithinABody", ""},
	},
	"A creation is retried in this way": {{"httpapi", "TestRetries", ""}, {"provider", "TestRefusedThenLost", ""}},
	"When the API throttles (429)": {
		{"httpapi", "TestThrottlingCountsRounds", ""},
		{"httpapi", "TestThrottlingSlowsAll", ""},
		{"httpapi", "TestRetryAfter", ""},
		{"httpapi", "TestContextBoundsThrottling", ""},
		{"httpapi", "TestThrottlingUsesUpNoRetries", ""},
		{"provider", "TestThrottledAtOnce", ""},
	},
	"Permanent errors of a connection": {{"httpapi", "TestPermanentErrors", ""}},
	"A server may take a minute":       {{"httpapi", "TestSilence", ""}, {"provider", "TestSlowBodies", ""}, {"provider", "TestSilentServer", ""}},
	"A token from a password": {
		{"auth", "TestOneTokenPerProject", ""},
		{"auth", "TestRejectedTokenIsRenewed", ""},
		{"provider", "TestExpiredTokenIsRenewedOnce", ""},
		{"provider", "TestCreationWithoutCredentials", ""},
	},
	"A creation whose response was lost": {
		{"elb", "TestCreateExactlyOnce", "commit 3 s after the 504"}, {"provider", "TestChaos", ""}, {"provider", "TestCreationSequences", ""},
	},
	"A certificate that was not known": {
		{"elb", "TestCreateExactlyOnce", "lost after the commit"}, {"provider", "TestCreationsThatAreNotSimple", "found"},
	},
	"If more than one certificate": {
		{"elb", "TestCreateExactlyOnce", "two candidates"},
		{"provider", "TestCreationsThatAreNotSimple", "two that may be it"},
		{"elb", "TestResponsesThatAreNotOurs", "lost, and the texts were trimmed"},
		{"provider", "TestServerThatRewrites", ""},
	},
	"If nothing is found": {
		{"elb", "TestCreateExactlyOnce", "commit 8 s after the 504"},
		{"provider", "TestCreationsThatAreNotSimple", "twice"},
		{"provider", "TestCreationsThatAreNotSimple", "perhaps twice"},
		{"provider", "TestLostThenRefused", ""},
		{"provider", "TestLateCommits", ""},
	},
	"A response that describes another": {
		{"elb", "TestResponsesThatAreNotOurs", ""}, {"provider", "TestResponseWithAnotherCertificate", ""}, {"provider", "TestServerThatDeduplicates", ""},
	},
	"An identical certificate that existed": {
		{"elb", "TestCreateExactlyOnce", "there was one before"}, {"provider", "TestCreationsThatAreNotSimple", "there was one before"},
	},
	"As soon as the ID is known": {{"provider", "TestAccHalfCreated", "cut after the id, not read back"}},
	"Before it creates, the":     {{"elb", "TestOneListForCreations", ""}, {"elb", "TestCreateExactlyOnce", "no list before"}},
	"A response that has begun":  {{"httpapi", "TestContextEndsAsTheResponseArrives", ""}, {"provider", "TestArrivedResponseIsKept", ""}},
	"A certificate leaves the state only": {
		{"elb", "TestLists", ""}, {"elb", "TestReadsAreNeverOlderThanOurWrites", ""}, {"provider", "TestAccUnreadable", ""}, {"provider", "TestChaos", ""},
	},
	"An empty list may be": {
		{"provider", "TestFirstCertificateOfAProject", "an empty object, counted (observed)"},
		{"provider", "TestFirstCertificateOfAProject", "an empty object, and no number (observed)"},
		{"provider", "TestListsThatAreNone", "an object with something in it"},
		{"provider", "TestListsThatAreNone", "a whole body {}"},
	},
	"Lists may lag behind writes": {
		{"provider", "TestRunsAtOnceWhileListsLag", "apply, plan"},
		{"provider", "TestRunsAtOnceWhileListsLag", "rename, plan"},
		{"provider", "TestAccRunsAtOnceWhileListsLag", ""},
		{"provider", "TestPrivateStates", "two seconds ahead"},
	},
	"One list serves all": {
		{"provider", "TestCallsOfManyCertificates", ""}, {"provider", "TestPlanAtOnceIsCheap", ""}, {"elb", "TestReadsKnowTheEarlierRun", ""},
	},
	"A list that failed is returned": {{"provider", "TestFailingListIsTriedOnce", ""}, {"elb", "TestFailedListIsCached", ""}},
	"If lists do not show the text":  {{"provider", "TestHiddenCertificates", "masked (assumed)"}, {"provider", "TestHiddenCertificates", "left out (assumed)"}},
	"A change that the API accepts": {
		{"elb", "TestUpdateWaitsForTheChange", ""},
		{"elb", "TestUpdateTimesOutWaiting", ""},
		{"provider", "TestUpdateSurvivesFailedLists", ""},
		{"provider", "TestUpdateIsBounded", ""},
	},
	"If the response to a change": {{"provider", "TestUpdateAnsweredWithoutDomain", "a domain"}, {"elb", "TestUpdateResponses", "domain absent (recorded)"}},
	"A deletion whose response was lost": {
		{"elb", "TestLostDelete", ""}, {"elb", "TestGone", ""}, {"provider", "TestLostDeletion", "404 and nothing (seed)"},
	},
	"While a listener uses": {
		{"provider", "TestDeletionOfWhatIsInUse", "400 and another code (assumed)"}, {"elb", "TestDeleteNamesTheListeners", ""}, {"provider", "TestAccDeleteInUse", ""},
	},
	"If no listener uses": {{"provider", "TestDeletionRightAfterASwitch", ""}, {"elb", "TestDeleteRefused", "anything, and no listener"}},
	"A switch sends the new": {
		{"elb", "TestSwitchListener", "lost"}, {"elb", "TestSwitchListener", "200 and the whole listener (reference)"}, {"provider", "TestSwitchThatFails", "409, then not"},
	},
	"A response that does not show": {
		{"elb", "TestSwitchListener", "accepted, and shown late"},
		{"elb", "TestSwitchListener", "PENDING_UPDATE, then ACTIVE"},
		{"elb", "TestSwitchEndsWithItsContext", ""},
		{"provider", "TestSwitchThatFails", "answered by another"},
		{"provider", "TestChaos", ""},
	},
	"If the API refuses to switch": {{"elb", "TestSwitchToANewCertificate", "known late"}, {"provider", "TestChaos", ""}},
	"A creation of `elbaas_listener_certificate`": {
		{"provider", "TestSwitchThatFails", "done, then refused"}, {"provider", "TestCreationAfterOneThatWasStopped", ""}, {"provider", "TestChaos", ""},
	},
	"A listener leaves the state": {{"provider", "TestListenerLeavesTheStateOnProofAlone", ""}, {"provider", "TestListenerIsGone", ""}},
	"A run that begins right after a switch": {
		{"provider", "TestListenersWhileListsLag", ""}, {"elb", "TestListenerOfTheEarlierRun", ""}, {"provider", "TestChaos", ""},
	},
	"A listener that keeps": {{"elb", "TestKeptCertificate", ""}, {"provider", "TestDestroyWithoutFallback", ""}},
	"A deletion that the credentials": {
		{"provider", "TestDeletionThatAPolicyForbids", ""}, {"provider", "TestDeletionThatIsDenied", "ELB.9899"}, {"provider", "TestDeletionThatIsDenied", "ELB.1202"},
	},
	"If the listeners cannot": {
		{"provider", "TestDeletionThatNobodyCanExplain", "throttled"}, {"provider", "TestDeletionWhileListenersFail", "throttled"}, {"elb", "TestDeleteTimeout", "throttled"},
	},
	"Ctrl-C ends whatever":                 {{"provider", "TestInterrupted", ""}, {"provider", "TestAccInterruptedRead", ""}, {"provider", "TestAccInterruptedCreate", ""}, {"elb", "TestCreationHasAGracePeriod", ""}, {"provider", "TestInterruptedAtAnyTime", ""}},
	"After Terraform or the provider":      {{"provider", "TestAccProviderIsKilled", ""}, {"provider", "TestAccTerraformIsKilled", ""}},
	"The private keys that the API shows":  {{"elb", "TestDecoderMemory", ""}, {"provider", "TestAccTraceShowsNoSecret", ""}},
	"The ephemeral resource alone":         {{"provider", "TestAccEphemeralExample", ""}, {"provider", "TestEphemeralCertificate", ""}, {"provider", "TestEphemeralWithoutKey", ""}},
	"A key in `private_key_wo`":            {{"provider", "TestAccWriteOnlyKey", ""}, {"provider", "TestAccEphemeralExample", ""}},
	"The key in the configuration is sent": {{"elb", "TestCreateCertificate", ""}, {"provider", "TestAccTraceShowsNoSecret", ""}},
	"No log of any level":                  {{"provider", "TestAccTraceShowsNoSecret", ""}, {"httpapi", "TestLog", ""}, {"httpapi", "TestLogShowsNoSecret", ""}, {"provider", "TestAccMalformedResponseShowsNoKey", ""}, {"provider", "TestLogsShowNoCredentials", ""}},
	"An error passes on":                   {{"httpapi", "TestErrorsShowNoSecret", ""}, {"elb", "TestResponsesShowNoSecret", ""}, {"httpapi", "TestCutSecretsAreNotShown", ""}, {"provider", "TestErrorResponsesAreTamed", ""}},
	"A crash prints":                       {{"provider", "TestAccPanicShowsNoSecret", ""}},
	"Credentials and private keys go only": {
		{"httpapi", "TestRedirectIsNotFollowed", ""}, {"provider", "TestDestinations", ""}, {"provider", "TestRandomDestinations", ""},
	},
	"An error of the configuration": {{"provider", "TestErrorsQuoteNoKey", ""}, {"provider", "TestSettingsErrors", ""}},
	"TLS is checked.": {
		{"httpapi", "TestTLS", ""},
		{"provider", "TestSettingsEndpoints", ""},
		{"provider", "TestTLSSettings", ""},
		{"auth", "TestCatalogs", "without TLS"},
		{"auth", "TestCatalogs", "loopback of a remote IAM"},
	},
}

// TestEveryPromiseIsProven fails when a guide promises what no test has, and when
// a test is renamed or removed.
func TestEveryPromiseIsProven(t *testing.T) {
	t.Parallel()
	tests := map[string]map[string]map[string]bool{}
	for _, pkg := range []string{"auth", "elb", "httpapi", "provider"} {
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
