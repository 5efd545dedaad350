package acctest_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// promises are the statements of the guides about faults and secrets, by their anchors
// (<a id="p-…"></a>), and the tests that hold the provider to them, as in api.
var promises = map[string][]string{
	"retry": {
		"elb.TestRetries/503",
		"elb.TestRetries/lost before it was done",
		"httpapi.TestRetries",
		"httpapi.TestRetriesEnd",
		"httpapi.TestUnsentIsRepeated",
		"httpapi.TestCutBody",
		"provider.TestConnectionEndsWithinABody",
	},
	"retry-create": {
		"httpapi.TestRetries",
		"provider.TestRefusedThenLost",
	},
	"throttling": {
		"httpapi.TestThrottlingCountsRounds",
		"httpapi.TestThrottlingSlowsAll",
		"httpapi.TestOneMethodIsThrottled",
		"httpapi.TestRetryAfter",
		"httpapi.TestContextBoundsThrottling",
		"httpapi.TestThrottlingUsesUpNoRetries",
		"provider.TestThrottledAtOnce",
	},
	"error-with-success": {
		"httpapi.TestErrorsWithSuccess",
		"httpapi.TestErrorWithSuccessThatStalls",
		"elb.TestErrorInsteadOfAList",
		"elb.TestPageInsteadOfAChange",
	},
	"permanent-errors": {
		"httpapi.TestPermanentErrors",
	},
	"silence": {
		"httpapi.TestSilence",
		"provider.TestSlowBodies",
		"provider.TestSilentServer",
	},
	"token-renewal": {
		"auth.TestOneTokenPerProject",
		"auth.TestAgencyKeyIsRenewed",
		"auth.TestRejectedTokenIsRenewed",
		"provider.TestExpiredTokenIsRenewedOnce",
		"provider.TestCreationWithoutCredentials",
	},
	"lost-create": {
		"elb.TestCreateExactlyOnce/commit 3 s after the 504",
		"provider.TestChaos",
		"provider.TestCreationSequences",
		"elb.TestCachingProxy",
	},
	"adopt": {
		"elb.TestCreateExactlyOnce/lost after the commit",
		"elb.TestShownByOneReplicaOnly",
		"elb.TestShownThenGone",
		"provider.TestCreationWarnings/found",
	},
	"ambiguous-create": {
		"elb.TestCreateExactlyOnce/two candidates",
		"provider.TestCreationWarnings/two that may be it",
		"elb.TestResponsesThatAreNotOurs/lost, and the texts were trimmed",
		"provider.TestServerThatRewrites",
	},
	"create-again": {
		"elb.TestCreateExactlyOnce/commit 8 s after the 504",
		"provider.TestCreationWarnings/duplicate",
		"provider.TestCreationWarnings/possible duplicate",
		"provider.TestLostThenRefused",
		"provider.TestLateCommits",
	},
	"wrong-response": {
		"elb.TestResponsesThatAreNotOurs",
		"provider.TestResponseWithAnotherCertificate",
		"provider.TestServerThatDeduplicates",
	},
	"identical": {
		"elb.TestCreateExactlyOnce/there was one before",
		"provider.TestCreationWarnings/there was one before",
	},
	"id-saved": {
		"provider.TestAccHalfCreated/cut after the id, not read back",
	},
	"list-before-create": {
		"elb.TestOneListForCreations",
		"elb.TestCreateExactlyOnce/no list before",
	},
	"response-begun": {
		"httpapi.TestContextEndsAsTheResponseArrives",
		"provider.TestArrivedResponseIsKept",
	},
	"absence": {
		"elb.TestLists",
		"elb.TestReadsAreNeverOlderThanOurWrites",
		"provider.TestAccUnreadable",
		"provider.TestChaos",
		"elb.TestCachingProxy",
	},
	"empty-list": {
		"provider.TestFirstCertificateOfAProject/an empty object, with a total (observed)",
		"provider.TestFirstCertificateOfAProject/an empty object, and no number (observed)",
		"provider.TestMalformedLists/an object with something in it",
		"provider.TestMalformedLists/a whole body {}",
	},
	"list-lag": {
		"provider.TestNextRunWhileListsLag/apply, plan",
		"provider.TestNextRunWhileListsLag/rename, plan",
		"provider.TestAccNextRunWhileListsLag",
		"provider.TestPrivateStates/two seconds ahead",
	},
	"one-list": {
		"provider.TestCallsOfManyCertificates",
		"provider.TestPlanRightAfterApplyIsCheap",
		"elb.TestReadsKnowTheEarlierRun",
	},
	"failed-list": {
		"provider.TestFailingListIsTriedOnce",
		"elb.TestFailedListIsCached",
	},
	"hidden-text": {
		"provider.TestHiddenCertificates/masked (assumed)",
		"provider.TestHiddenCertificates/left out (assumed)",
	},
	"update-read-back": {
		"elb.TestPageThatStalls",
		"elb.TestUpdateWaitsForTheChange",
		"elb.TestUpdateTimesOutWaiting",
		"elb.TestUpdateRespondsFromAnOldReplica",
		"elb.TestPageInsteadOfAChange",
		"elb.TestPageAndAnOldList",
		"elb.TestUpdateResponses/504 of a gateway",
		"elb.TestUpdateResponses/lost (observed)",
		"provider.TestUpdateSurvivesFailedLists",
		"provider.TestUpdateIsBounded",
	},
	"update-domain": {
		"provider.TestUpdateResponseWithoutDomain/a domain",
		"elb.TestUpdateResponses/domain absent (recorded)",
	},
	"lost-delete": {
		"elb.TestLostDelete",
		"elb.TestGone",
		"provider.TestLostDeletion/404 and nothing (seed)",
		"elb.TestDeletionWithAnotherBodyIsDecided",
		"elb.TestCutDeleteAndNoConnection",
	},
	"delete-in-use": {
		"provider.TestDeletionOfWhatIsInUse/400 and another code (assumed)",
		"elb.TestDeleteNamesTheListeners",
		"provider.TestAccDeleteInUse",
	},
	"delete-refused": {
		"provider.TestDeletionRightAfterASwitch",
		"elb.TestDeleteRefused/anything, and no listener",
	},
	"switch": {
		"elb.TestSwitchListener/lost",
		"elb.TestSwitchListener/200 and the whole listener (reference)",
		"provider.TestSwitchThatFails/409, then not",
	},
	"switch-read-back": {
		"elb.TestSwitchListener/accepted, and shown late",
		"elb.TestSwitchListener/PENDING_UPDATE, then ACTIVE",
		"elb.TestSwitchEndsWithItsContext",
		"elb.TestSwitchListener/504, done, and shown late",
		"elb.TestSwitchListener/lost, done, and shown after a failed read",
		"provider.TestSwitchThatFails/response about another listener",
		"provider.TestChaos",
		"elb.TestPageInsteadOfAChange",
	},
	"switch-new-certificate": {
		"elb.TestSwitchToANewCertificate/known late",
		"provider.TestChaos",
	},
	"failed-switch": {
		"provider.TestSwitchThatFails/done, then refused",
		"provider.TestCreationAfterOneThatWasStopped",
		"provider.TestChaos",
	},
	"listener-absence": {
		"provider.TestListenerRemovedOnlyWhenProvenGone",
		"provider.TestListenerIsGone",
	},
	"switch-lag": {
		"provider.TestListenersWhileListsLag",
		"elb.TestListenerOfTheEarlierRun",
		"provider.TestChaos",
	},
	"kept-certificate": {
		"elb.TestKeptCertificate",
		"provider.TestDestroyWithoutFallback",
	},
	"delete-denied": {
		"provider.TestDeletionThatAPolicyForbids",
		"provider.TestDeletionThatIsDenied/ELB.9899",
		"provider.TestDeletionThatIsDenied/ELB.1202",
	},
	"delete-unexplained": {
		"provider.TestDeletionThatNobodyCanExplain/throttled",
		"provider.TestDeletionWhileListenersFail/throttled",
		"elb.TestDeleteTimeout/throttled",
	},
	"interrupt": {
		"provider.TestInterrupted",
		"provider.TestAccInterruptedRead",
		"provider.TestAccInterruptedCreate/SIGTERM to all processes",
		"provider.TestAccInterruptedCreate/Ctrl-C",
		"elb.TestCreationHasAGracePeriod",
		"elb.TestCreationHasAGracePeriod/timed out",
		"provider.TestInterruptedAtAnyTime",
	},
	"interrupt-plan": {
		"provider.TestAccInterruptedPlanOfAnApply",
		"provider.TestAccInterruptedRead",
		"provider.TestAccInterruptedCreate",
	},
	"killed": {
		"provider.TestAccProviderIsKilled",
		"provider.TestAccTerraformIsKilled",
	},
	"keys-skipped": {
		"elb.TestDecoderMemory",
		"provider.TestAccTraceShowsNoSecret",
	},
	"ephemeral": {
		"provider.TestAccEphemeralExample",
		"provider.TestEphemeralCertificate",
		"provider.TestEphemeralWithoutKey",
	},
	"write-only": {
		"provider.TestAccWriteOnlyKey",
		"provider.TestAccEphemeralExample",
	},
	"key-sent-once": {
		"elb.TestCreateCertificate",
		"provider.TestAccTraceShowsNoSecret",
	},
	"logs": {
		"provider.TestAccTraceShowsNoSecret",
		"httpapi.TestLog",
		"httpapi.TestLogShowsNoSecret",
		"provider.TestAccMalformedResponseShowsNoKey",
		"provider.TestLogsShowNoCredentials",
	},
	"errors-redacted": {
		"httpapi.TestLongTextIsCut",
		"httpapi.TestErrorsShowNoSecret",
		"elb.TestResponsesShowNoSecret",
		"httpapi.TestCutSecretsAreNotShown",
		"provider.TestErrorTextIsSanitized",
	},
	"crash": {
		"provider.TestAccPanicShowsNoSecret",
	},
	"destinations": {
		"httpapi.TestRedirectIsNotFollowed",
		"provider.TestDestinations",
		"provider.TestRandomDestinations",
	},
	"config-errors": {
		"provider.TestErrorsQuoteNoKey",
		"provider.TestRulesQuoteNoKey",
		"provider.TestSettingsErrors",
	},
	"tls": {
		"httpapi.TestTLS",
		"provider.TestSettingsEndpoints",
		"provider.TestTLSSettings",
		"auth.TestCatalogs/without TLS",
		"auth.TestCatalogs/loopback of a remote IAM",
	},
}

// anchoredItem is an item of a list that begins with the anchor of a promise.
var anchoredItem = regexp.MustCompile(`^- <a id="p-([a-z-]+)"></a>`)

// TestEveryPromiseIsProven fails when a guide promises something that no test is named
// for, and when such a test is renamed or removed.
func TestEveryPromiseIsProven(t *testing.T) {
	t.Parallel()
	tests := testsOf(t, "auth", "elb", "httpapi", "provider")
	made := map[string]bool{}

	for _, guide := range []string{"faults", "secrets"} {
		text, err := os.ReadFile("../../templates/guides/" + guide + ".md.tmpl")
		if err != nil {
			t.Fatal(err)
		}

		for line := range strings.Lines(string(text)) {
			isItem := strings.HasPrefix(line, "- ") && !strings.HasPrefix(line, "- **") // what is not protected
			anchor := anchoredItem.FindStringSubmatch(line)

			switch {
			case isItem && anchor == nil:
				t.Errorf("%s: this item needs an anchor p-…, and an entry of promises: %s", guide, line)
			case isItem && made[anchor[1]]:
				t.Errorf("%s: there are two anchors p-%s", guide, anchor[1])
			case isItem:
				made[anchor[1]] = true
			}
		}
	}

	for anchor := range made {
		checkProofs(t, tests, "p-"+anchor, promises[anchor])
	}
	for anchor := range promises {
		if !made[anchor] {
			t.Errorf("no guide has an item with the anchor p-%s", anchor)
		}
	}
}
