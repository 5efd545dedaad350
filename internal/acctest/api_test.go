package acctest_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// api is the certificate API, item by item: where each statement comes from, and
// which tests show that the stub does it (elbstub) and that the provider can live
// with it (elb, provider). A test is named package.Test, or package.Test/text, where text is
// a literal in the test, such as the name of a row.
var api = map[string][]string{
	// Operations.
	"create is POST …/certificate (reference)": {
		"elbstub.TestResponses",
		"elb.TestRequest",
	},
	"create returns 200 (reference, Huawei Cloud)": {
		"elbstub.TestResponses",
		"elb.TestCreateResponses/200 (reference, Huawei Cloud)",
	},
	"create returns 201 (reference, Open Telekom Cloud)": {
		"elbstub.TestDialects/create 201",
		"elb.TestCreateResponses/201 (reference, Open Telekom Cloud)",
	},
	"list is GET …/certificate (reference)": {
		"elbstub.TestResponses",
		"elb.TestRequest",
	},
	"list returns 200 (reference)": {
		"elbstub.TestResponses",
		"elb.TestReadCertificate",
	},
	"list has no query parameter (reference)": {
		"elbstub.TestRefusals/list with a query (reference)",
	},
	"modify is PUT …/certificate/{id} (seed)": {
		"elbstub.TestResponses",
		"elb.TestRequest",
		"provider.TestAccCertificate",
	},
	"modify returns 200 with the whole certificate (seed)": {
		"elbstub.TestResponses",
		"elb.TestUpdateCertificate",
	},
	"modify returns 202 (observed)": {
		"elbstub.TestDialects/modify 202 false false",
		"elb.TestUpdateResponses/202 (observed)",
		"provider.TestAccUpdateResponses/202",
	},
	"modify returns 204 (observed)": {
		"elbstub.TestDialects/modify 204 false false",
		"elb.TestUpdateResponses/204 (observed)",
		"provider.TestAccUpdateResponses/204",
	},
	"delete is DELETE …/certificate/{id} (reference)": {
		"elbstub.TestResponses",
		"elb.TestRequest",
	},
	"delete returns 204 (reference)": {
		"elbstub.TestResponses",
		"elb.TestDeleteCertificate/204 (reference)",
	},
	"delete returns 200 (observed)": {
		"elbstub.TestDialects/delete 200",
		"elb.TestDeleteCertificate/200 (observed)",
	},
	"delete returns 202 (observed)": {
		"elbstub.TestDialects/delete 202",
		"elb.TestDeleteCertificate/202 (observed)",
	},
	"there is no GET of one certificate (seed, reference)": {
		"elbstub.TestRefusals/GET of one certificate (seed)",
		"elb.TestReadCertificate",
	},
	"requests and responses have no envelope (seed)": {
		"elbstub.TestResponses",
		"elb.TestUpdateCertificate",
	},
	"listeners is GET …/listeners (reference)": {
		"elbstub.TestListenerHoldsCertificate",
		"elb.TestRequest",
	},
	"listeners returns a bare array (reference)": {
		"elbstub.TestListenerHoldsCertificate",
		"elb.TestListenersInAnyShape/all",
	},
	"a listener is GET …/listeners/{id} (reference, recorded)": {
		"elbstub.TestListenerFields/HTTPS (reference)",
	},
	"PUT and DELETE of one certificate have no other path (seed, reference)": {
		"elbstub.TestRefusals/delete: malformed URL (reference)",
		"elb.TestRequest",
	},

	// Lists.
	"an empty list is an array (assumed)": {
		"elbstub.TestEmptyLists/[] (assumed)",
		"provider.TestFirstCertificateOfAProject/an array, with a total (reference)",
	},
	"an empty list may be an empty object, with instance_num (observed of load balancers)": {
		"elbstub.TestEmptyLists/{} with instance_num (observed of load balancers, assumed)",
		"elb.TestLists/gone, an empty object and 0 (observed)",
		"provider.TestFirstCertificateOfAProject/an empty object, with a total (observed)",
	},
	"an empty object without instance_num proves no absence (assumed)": {
		"elbstub.TestEmptyLists/{} without instance_num (assumed)",
		"elb.TestLists/an empty object alone proves nothing",
		"provider.TestFirstCertificateOfAProject/an empty object, and no number (observed)",
	},
	"a whole body {} is no list of certificates (assumed)": {
		"provider.TestMalformedLists/a whole body {}",
	},
	"an object that is not empty is no list (assumed)": {
		"elb.TestLists/an object as list",
		"provider.TestMalformedLists/an object with something in it",
	},
	"an empty list of listeners may be {} (assumed)": {
		"elbstub.TestEmptyLists/{} without instance_num (assumed)",
		"elb.TestListenersInAnyShape/an empty object instead of none (assumed)",
	},
	"an ID that is listed twice counts as one (assumed)": {
		"elb.TestLists/a duplicate ID counts as one",
	},
	"lists are ordered, the newest first (recorded)": {
		"elbstub.TestOrder/newest first (recorded)",
		"elb.TestRecordedResponses",
	},
	"lists may be ordered in another way (assumed)": {
		"elbstub.TestOrder/oldest first (assumed)",
		"elbstub.TestDialects/newest first false",
	},
	"lists may not show certificates (assumed)": {
		"elbstub.TestHiddenCertificates/masked (assumed)",
		"provider.TestHiddenCertificates/masked (assumed)",
	},
	"lists may leave certificates out (assumed)": {
		"elbstub.TestHiddenCertificates/left out (assumed)",
		"provider.TestHiddenCertificates/left out (assumed)",
	},
	"lists may lag behind a creation (observed)": {
		"elbstub.TestListLag",
		"provider.TestNextRunWhileListsLag/apply, plan",
		"provider.TestAccNextRunWhileListsLag",
	},
	"lists may lag behind a change (observed)": {
		"elbstub.TestListsShowWhatWas",
		"provider.TestNextRunWhileListsLag/rename, plan",
	},
	"lists may lag behind a deletion (observed)": {
		"elbstub.TestListsShowWhatWas",
		"provider.TestLostDeletion/404 and ELB.5040 (reference)",
	},
	"a list may be older than the one before (assumed)": {
		"elbstub.TestListLag",
		"provider.TestNextRunWhileListsLag/replicas, 1",
	},

	// Parameters.
	"project_id in the path (seed)": {
		"elb.TestRequest",
		"provider.TestAccCertificateProject",
	},
	"certificate_id in the path (seed)": {
		"elb.TestRequest",
		"elbstub.TestRefusals/modify: unknown id (reference)",
	},
	"name is optional on create (reference)": {
		"elbstub.TestLimits/no domain (reference)",
		"elb.TestCreateSendsOnlyWhatIsGiven",
		"provider.TestAccCertificateLeftOut",
	},
	"name is optional on modify (seed)": {
		"elbstub.TestModifyLeavesOutWhatIsNotSent",
	},
	"name has 0 characters or more (seed)": {
		"elbstub.TestLimits/empty name (seed)",
		"provider.TestTextRules/empty name (seed)",
	},
	"name has at most 64 characters, of Unicode (seed)": {
		"elbstub.TestLimits/64 Chinese letters (seed)",
		"provider.TestTextRules/64 Chinese letters (seed)",
		"provider.TestAccCertificate/证",
	},
	"name has no more than 64 characters (seed)": {
		"elbstub.TestLimits/65 Chinese letters (seed)",
		"provider.TestAccBadInput/name of 65 Chinese letters",
	},
	"name has Chinese and Latin letters, digits, _ and - (seed)": {
		"elbstub.TestLimits/all kinds of characters (seed)",
		"provider.TestTextRules/all kinds of characters (seed)",
	},
	"description is optional on modify (seed)": {
		"elbstub.TestModifyLeavesOutWhatIsNotSent",
	},
	"description is cleared by sending an empty one (observed)": {
		"elbstub.TestResponses",
		"elb.TestUpdateCertificate",
		"provider.TestAccCertificate",
	},
	"description has at most 128 characters (seed)": {
		"elbstub.TestLimits/129 characters of description (seed)",
		"provider.TestAccBadInput/description of 129 characters",
	},
	"description has no < (seed)": {
		"elbstub.TestLimits/less-than in a description (seed)",
		"provider.TestTextRules/less-than (seed)",
	},
	"description has no > (seed)": {
		"elbstub.TestLimits/greater-than in a description (seed)",
		"provider.TestAccBadInput/description with >",
	},
	"domain is optional on create (reference)": {
		"elb.TestCreateSendsOnlyWhatIsGiven",
	},
	"domain is not on modify (seed)": {
		"elbstub.TestRefusals/modify: a domain (seed)",
		"provider.TestAccCertificateReplaced",
	},
	"domain has at most 254 characters (reference)": {
		"elbstub.TestLimits/255 characters of domain (reference)",
		"provider.TestTextRules/255 characters of domain (reference)",
	},
	"domain has letters, digits, - and . (reference)": {
		"elbstub.TestLimits/domain with a wildcard (reference)",
		"provider.TestAccBadInput/wildcard domain",
	},
	"domain may begin with a wildcard (reference, Open Telekom Cloud)": {
		"elbstub.TestDialects/wildcard true",
		"provider.TestWildcardDomain/accepted",
	},
	"domain begins with a letter or a digit (reference)": {
		"elbstub.TestLimits/domain that begins with . (reference)",
		"provider.TestTextRules/domain that begins with a dot",
	},
	"certificate is required on create (reference)": {
		"elbstub.TestRefusals/create: no certificate (reference)",
		"provider.TestAccBadInput/no certificate",
	},
	"certificate is PEM (reference)": {
		"elbstub.TestRefusals/create: certificate is text (reference)",
	},
	"certificate is not on modify (seed)": {
		"elbstub.TestRefusals/modify: a certificate (seed)",
		"provider.TestAccCertificateReplaced",
	},
	"private_key is required on create (reference)": {
		"elbstub.TestRefusals/create: no private key (reference)",
		"provider.TestAccBadInput/no private key",
	},
	"private_key is PEM (reference)": {
		"elbstub.TestRefusals/create: key is text (reference)",
	},
	"private_key is not on modify (seed)": {
		"elbstub.TestRefusals/modify: a private key (seed)",
		"provider.TestAccCertificateReplaced",
	},

	// Fields of responses.
	"id is 32 hexadecimal characters (seed)": {
		"elbstub.TestResponses",
		"provider.TestAccCertificate",
		"provider.TestParseImportID",
	},
	"name is always returned (seed)": {
		"elbstub.TestResponses",
		"provider.TestAccCertificate",
	},
	"description is always returned (seed)": {
		"elbstub.TestResponses",
		"provider.TestAccCertificate",
	},
	"domain is null when unset on list and modify (seed, recorded)": {
		"elbstub.TestResponses",
		"elb.TestLists/found, no count",
	},
	"domain is absent everywhere when unset (recorded)": {
		"elbstub.TestUnsetDomain/absent everywhere (recorded)",
		"elb.TestUpdateResponses/domain absent (recorded)",
		"elb.TestRecordedResponses",
		"provider.TestUpdateResponseWithoutDomain/no domain",
	},
	"domain is null on list and modify (recorded)": {
		"elbstub.TestUnsetDomain/null on list and modify (seed, recorded)",
		"elb.TestRecordedResponses",
	},
	"private_key may be of any type in the list of another (assumed)": {
		"provider.TestKeysOfWrongTypes/a number",
	},
	"domain is absent when unset on create (recorded)": {
		"elbstub.TestResponses",
		"elb.TestCreateSendsOnlyWhatIsGiven",
	},
	"certificate is always returned (seed)": {
		"elbstub.TestResponses",
		"provider.TestAccCertificate",
	},
	"private_key is returned in clear text, also in the list (seed, recorded)": {
		"elbstub.TestResponses",
		"elb.TestResponsesShowNoSecret",
		"provider.TestAccCertificateImport",
	},
	"create_time and update_time have no zone (seed)": {
		"elbstub.TestResponses",
		"provider.TestAccCertificate",
	},
	"tenant_id is returned on create (reference), not always (recorded)": {
		"elbstub.TestResponses",
		"elb.TestCreateResponses/tenant_id and unknown fields (reference)",
	},
	"instance_num is a string (reference, recorded)": {
		"elbstub.TestResponses",
		"elb.TestLists/found, count is a string (reference, recorded)",
	},
	"instance_num is a number (assumed)": {
		"elbstub.TestDialects/count float64",
		"elb.TestLists/found, count is a number (assumed)",
	},
	"certificates come back without a newline at the end (seed, recorded)": {
		"provider.TestAccTextForms",
		"provider.TestAccCertificateImport",
	},
	"certificates may be trimmed or re-wrapped (observed)": {
		"elbstub.TestDialects",
		"provider.TestAccTextForms",
	},
	"keys may be masked (observed)": {
		"elbstub.TestDialects",
		"provider.TestAccTextForms/******",
	},
	"unknown fields may appear (assumed)": {
		"elbstub.TestDialects/extra true true",
		"elb.TestLists/found, extra fields",
	},
	"listeners name their own certificate (reference)": {
		"elbstub.TestListenerHoldsCertificate/own",
		"elb.TestDeleteNamesTheListeners",
	},
	"listeners name further certificates in an array (recorded)": {
		"elbstub.TestListenerForms/certificates is an array (recorded)",
		"elb.TestListenersInAnyShape/all",
		"elb.TestDeleteNamesTheListeners/https-sni",
	},
	"listeners name further certificates in a string (reference)": {
		"elbstub.TestListenerForms/certificates is a string (reference)",
		"elb.TestListenersInAnyShape/all",
	},
	"listeners name no further certificates by {} (assumed)": {
		"elbstub.TestListenerForms/certificates is {} (observed, assumed)",
		"elb.TestListenersInAnyShape/all",
	},
	"listeners name no further certificates by null (assumed)": {
		"elbstub.TestListenerForms/certificates is null (assumed)",
		"elb.TestListenersInAnyShape/all",
	},
	"listeners name no further certificates at all (recorded)": {
		"elbstub.TestListenerForms/certificates is absent (recorded)",
		"elb.TestListenersInAnyShape/all",
	},
	"listeners have about 25 fields (reference, recorded)": {
		"elbstub.TestListenerFields/HTTPS (reference)",
		"elbstub.TestListenerFields/HTTP (recorded)",
		"elbstub.TestListenerFields/TCP (reference)",
	},
	"listeners have true and false, or 1 and 0 (reference)": {
		"elbstub.TestListenerForms/booleans are true and false (reference)",
		"elbstub.TestListenerForms/booleans are 1 and 0 (reference)",
		"elb.TestListenersInAnyShape/all",
	},
	"listeners have a description that is null or empty (recorded)": {
		"elbstub.TestListenerForms/no description is null (recorded)",
		"elbstub.TestListenerForms/no description is an empty text (recorded)",
	},
	"nearly every field of a listener is a filter (reference)": {
		"elbstub.TestListenerFilters/certificate_id=",
		"elbstub.TestRefusals/listeners: not a filter (reference)",
	},
	"a listener alone is read by the client (reference, recorded)": {
		"elb.TestListenersRead/certificates an array",
	},
	"a listener is modified by PUT …/listeners/{id} (reference, recorded)": {
		"elbstub.TestModifyListener",
		"elb.TestSwitchListener/200 and the whole listener (reference)",
	},
	"the modify of a listener returns 200 with a bare object (reference, recorded)": {
		"elbstub.TestModifyListenerResponses/200 and the whole listener (reference)",
		"elb.TestSwitchListener/200 and the whole listener (reference)",
	},
	"the modify of a listener returns 202 (observed)": {
		"elbstub.TestModifyListenerResponses/202 (observed)",
		"elb.TestSwitchListener/202 (observed)",
	},
	"the modify of a listener returns 204 (observed)": {
		"elbstub.TestModifyListenerResponses/204 (observed)",
		"elb.TestSwitchListener/204 (observed)",
	},
	"the modify of a listener returns a half (assumed)": {
		"elbstub.TestModifyListenerResponses/200 and a half (assumed)",
		"elb.TestSwitchListener/200 and a half (assumed)",
	},
	"a listener's certificate can be changed, and eleven other fields (reference)": {
		"elbstub.TestModifyListener/certificate_id",
		"elbstub.TestModifyListener/udp_timeout",
	},
	"nothing else of a listener can be changed: ELB.6015 (reference)": {
		"elbstub.TestModifyListenerRefusals/protocol (reference)",
		"elbstub.TestModifyListenerRefusals/SNI (reference, Huawei Cloud)",
	},
	"clients send only what changes of a listener (observed)": {
		`elb.TestSwitchListener/{"certificate_id":"`,
	},
	"a listener has a certificate only if it is HTTPS or SSL (reference)": {
		"elbstub.TestModifyListenerRefusals/HTTP has no certificate (assumed)",
		"elb.TestListenersRead/null certificate_id, as HTTP",
	},
	"400 for a certificate that a listener cannot have (assumed)": {
		"elbstub.TestModifyListenerRefusals/unknown certificate (assumed)",
		"elbstub.TestModifyListenerRefusals/certificate of another project (assumed)",
		"elb.TestSwitchListener/no such certificate",
	},
	"404 and ELB.5040 for a certificate that a listener cannot have (assumed)": {
		"elbstub.TestModifyListenerRefusals/404 for an unknown certificate (assumed)",
		"elb.TestSwitchListener/no such certificate, by code",
	},
	"a malformed modify of a listener: ELB.0002 (reference)": {
		"elbstub.TestModifyListenerRefusals/half a body (reference)",
	},
	"the modify of a listener: ELB.6010 (reference)": {
		"elbstub.TestModifyListenerIDs/two parts (reference)",
	},
	"the modify of a listener: ELB.6020 (reference)": {
		"elbstub.TestModifyListenerIDs/short id (reference)",
	},
	"a missing listener is 404 for a modify, and a list decides (assumed)": {
		"elbstub.TestModifyListenerIDs/missing, 404 (assumed)",
		"elb.TestSwitchMissingListener/404",
		"elb.TestGetListenerFails/404, and listed",
	},
	"a missing listener is ELB.6030 for a modify, and a list decides (reference, assumed)": {
		"elbstub.TestModifyListenerIDs/missing, ELB.6030",
		"elb.TestSwitchMissingListener/ELB.6030",
		"elb.TestGetListenerFails/ELB.6030, and not listed",
	},
	"a missing listener is 503 and ELB.6002, and a list decides (reference of DELETE)": {
		"elb.TestSwitchMissingListener/503 and ELB.6002",
		"elb.TestGetListenerFails/503 and ELB.6002, and not listed",
	},
	"a 404 of the gateway says nothing of a listener (observed)": {
		"elb.TestGetListenerFails/404 of the gateway",
		"elb.TestSwitchListener/404 of the gateway",
	},
	"a list of listeners {} proves absence, null does not (assumed)": {
		"elb.TestGetListenerFails/404 and the list {} (assumed)",
		"elb.TestGetListenerFails/404, and the list is null",
	},
	"a listener may have the status PENDING_CREATE (reference)": {
		"elb.TestPendingListener/then active",
	},
	"a listener may have the status ERROR (reference)": {
		"elbstub.TestListenerFaults/done, and then in error",
		"elb.TestPendingListener/then in error",
	},
	"a listener may have the status PENDING_UPDATE after a modify (assumed)": {
		"elbstub.TestPendingUpdate",
		"elb.TestSwitchListener/PENDING_UPDATE, then ACTIVE",
	},
	"a listener without a status is active (assumed)": {
		"elb.TestPendingListener/then none",
		"elb.TestListenersRead/status absent",
	},
	"lists of listeners may lag behind a modify (assumed)": {
		"elbstub.TestListenerLag",
		"elb.TestListenersAreListedTogether",
		"elb.TestListenerOfTheEarlierRun/just now",
	},
	"a switched listener lets go of its old certificate (reference)": {
		"elbstub.TestSwitchLetsGo",
	},
	"a project is one in whatever case its ID is written (assumed)": {
		"elb.TestProjectInAnotherCase",
		"provider.TestProjectInEitherCase/the provider's in capitals",
	},

	// Statuses.
	"400 badRequest (seed)": {
		"httpapi.TestErrors/badRequest (seed)",
		"provider.TestRemedies/badRequest",
	},
	"401 unauthorized (seed)": {
		"httpapi.TestErrors/unauthorized (seed)",
		"provider.TestRemedies/unauthorized",
	},
	"403 userDisabled (seed)": {
		"httpapi.TestErrors/userDisabled (seed)",
		"provider.TestRemedies/userDisabled",
	},
	"404 Not Found (seed)": {
		"httpapi.TestErrors/Not Found (seed)",
		"elb.TestGone/404 Not Found (seed)",
	},
	"500 authFault (seed)": {
		"httpapi.TestErrors/authFault (seed)",
		"provider.TestAccUnreadable/500",
	},
	"503 serviceUnavailable (seed)": {
		"httpapi.TestErrors/serviceUnavailable (seed)",
		"provider.TestRemedies/serviceUnavailable",
	},
	"404 of a list is no proof": {
		"elb.TestLists/404 without a code never means gone",
		"provider.TestAccUnreadable/404",
	},
	"404 of the gateway is no proof (observed)": {
		"elb.TestGone/404 of the gateway (observed)",
		"provider.TestAccUnreadable/404, gateway",
	},
	"a bare 404 leaves it to the list": {
		"elbstub.TestGone/404 and nothing (seed)",
		"elb.TestGone/bare 404",
		"provider.TestLostDeletion/404 and nothing (seed)",
	},
	"404 with words leaves it to the list": {
		"elbstub.TestGone/404 and words (seed)",
		"elb.TestGone/404 Not Found (seed)",
		"provider.TestLostDeletion/404 and words (seed)",
	},
	"404 with a NeutronError leaves it to the list (observed, assumed)": {
		"elbstub.TestGone/404 and a NeutronError (observed, assumed)",
		"elb.TestGone/404 NeutronError (observed)",
		"provider.TestLostDeletion/404 and a NeutronError (observed, assumed)",
	},
	"404 with any other code leaves it to the list (assumed)": {
		"elb.TestGone/404 with another code",
	},

	// Shapes of errors.
	`{"error":{"message","code"}} (reference)`: {
		"elbstub.TestRefusals",
		"httpapi.TestErrors/error (reference)",
	},
	`{"error_msg","error_code"} (reference)`: {
		`elbstub.TestDialects/error {"error_msg":"`,
		"httpapi.TestErrors/error_msg (reference)",
	},
	`"request_id" in the body (observed)`: {
		"httpapi.TestErrors/request_id (observed)",
	},
	`X-Request-Id in the header (observed)`: {
		"elbstub.TestResponses",
		"provider.TestAccRefused",
	},
	`{"NeutronError":{"type","message"}} (observed)`: {
		`elbstub.TestDialects/error {"NeutronError":{"type":"`,
		"httpapi.TestErrors/NeutronError (observed)",
	},
	"an HTML page (observed)": {
		"httpapi.TestErrors/HTML (observed)",
		"provider.TestAccRefused/HTML",
	},
	"an empty body (observed)": {
		"httpapi.TestErrors/nothing (observed)",
		"provider.TestAccHalfCreated/an empty body",
	},

	// Identity.
	"tokens come from POST /v3/auth/tokens (reference)": {
		"auth.TestKindsOfCredentials/password",
		"provider.TestAccCredentials/password",
	},
	"a token is scoped to a project by id or name (reference)": {
		"auth.TestProjectID/password",
	},
	"a token lives 24 hours (reference)": {
		"auth.TestOneTokenPerProject",
	},
	"projects are found by GET /v3/projects?name= (reference)": {
		"auth.TestProjectID/access key",
	},
	"X-Project-Id goes with every signed request (reference)": {
		"auth.TestKindsOfCredentials/access key",
	},
	"an agency gives temporary keys (reference)": {
		"auth.TestKindsOfCredentials/agency",
		"provider.TestAccCredentials/agency",
	},
	"the catalog has elbv1, or elb, with or without version (observed)": {
		"auth.TestEndpoint/elbv1 before elb",
		"auth.TestEndpoint/by password, with version",
	},
	"endpoints are elb.{region}.{cloud} (observed)": {
		"provider.TestAddresses/Open Telekom Cloud",
	},
	"private clouds have their own auth_url (observed)": {
		"provider.TestAddresses/Huawei Cloud Stack",
	},
	"signature, dialect access (reference)": {
		"auth.TestVectors/published guide",
		"auth.TestKindsOfCredentials/access key",
	},
	"signature, dialect scoped (observed)": {
		"auth.TestVectors/scoped",
		"auth.TestKindsOfCredentials/access key, scoped",
	},
	"a signature is good for 15 minutes (reference)": {
		"auth.TestOldSignature",
	},

	// Error codes.
	"ELB.0002 (reference)": {
		"elbstub.TestRefusals/create: empty body (reference)",
		"provider.TestRemedies/ELB.0002",
	},
	"ELB.1001 (reference)": {
		"elbstub.TestRefusals/create: no private key (reference)",
		"provider.TestRemedies/ELB.1001",
	},
	"ELB.1011 (reference)": {
		"elbstub.TestRefusals/create: key is text (reference)",
		"provider.TestRemedies/ELB.1011",
	},
	"ELB.5013 (reference)": {
		"elbstub.TestRefusals/create: key of another certificate (reference)",
		"provider.TestRemedies/ELB.5013",
	},
	"ELB.5002 for a certificate in use (reference, assumed)": {
		"elbstub.TestInUse/400 and ELB.5002 (reference, assumed)",
		"elb.TestDeleteWaitsForTheListener/ELB.5002 (reference, assumed)",
		"provider.TestDeletionOfWhatIsInUse/400 and ELB.5002 (reference, assumed)",
	},
	"409 and ELB.8907 for a certificate in use (reference)": {
		"elbstub.TestInUse/409 (reference, of newer versions)",
		"elb.TestDeleteWaitsForTheListener/409 (reference, of newer API versions)",
		"provider.TestDeletionOfWhatIsInUse/409 (reference, of newer versions)",
	},
	"400 and another code for a certificate in use (assumed)": {
		"elbstub.TestInUse/400 and another code (assumed)",
		"provider.TestDeletionOfWhatIsInUse/400 and another code (assumed)",
	},
	"400 and words for a certificate in use (seed, assumed)": {
		"elbstub.TestInUse/400 and words (seed, assumed)",
		"provider.TestDeletionOfWhatIsInUse/400 and words (seed, assumed)",
	},
	"403 that is no policy for a certificate in use (assumed)": {
		"elbstub.TestInUse/403 and a code that is none of policies (assumed)",
		"provider.TestDeletionOfWhatIsInUse/403 and a code that is none of policies (assumed)",
	},
	"500 for a certificate in use (seed, assumed)": {
		"elbstub.TestInUse/500 authFault (seed, assumed)",
		"provider.TestDeletionOfWhatIsInUse/500 authFault (seed, assumed)",
	},
	"400 and a page for a certificate in use (assumed)": {
		"elbstub.TestInUse/400 and a page (assumed)",
		"provider.TestDeletionOfWhatIsInUse/400 and a page (assumed)",
	},
	"a policy may forbid a deletion while a listener holds (assumed)": {
		"elbstub.TestForbidInUse",
		"provider.TestDeletionThatAPolicyForbids",
	},
	"a backend may see a switch late (assumed)": {
		"elbstub.TestHoldLag/switched",
		"provider.TestDeletionRightAfterASwitch",
	},
	"codes of token and policy are no certificate in use (reference)": {
		"provider.TestDeletionThatIsDenied/ELB.1109",
		"provider.TestDeletionThatIsDenied/ELB.1202",
		"provider.TestDeletionThatIsDenied/ELB.9801",
		"provider.TestDeletionThatIsDenied/ELB.9807",
		"provider.TestDeletionThatIsDenied/ELB.9899",
	},
	"ELB.5004 (reference)": {
		"elbstub.TestRefusals/list with a query (reference)",
		"provider.TestRemedies/ELB.5004",
	},
	"ELB.5010 (reference)": {
		"elbstub.TestRefusals/delete: malformed URL (reference)",
		"provider.TestRemedies/ELB.5010",
	},
	"ELB.5030 (reference)": {
		"elbstub.TestRefusals/modify: malformed URL (reference)",
		"provider.TestRemedies/ELB.5030",
	},
	"ELB.5020 (reference)": {
		"elbstub.TestRefusals/delete: short id (reference)",
		"provider.TestRemedies/ELB.5020",
	},
	"ELB.5033 (reference)": {
		"provider.TestAccUpdateResponses/400",
		"provider.TestRemedies/ELB.5033",
	},
	"ELB.5040 under 404 (reference)": {
		"elbstub.TestGone/404 and ELB.5040 (reference)",
		"elb.TestGone/ELB.5040 under 404 (reference)",
		"provider.TestLostDeletion/404 and ELB.5040 (reference)",
	},
	"ELB.5040 under 400 (reference)": {
		"elbstub.TestGone/400 and ELB.5040 (reference)",
		"elb.TestGone/ELB.5040 under 400 (reference)",
		"provider.TestLostDeletion/400 and ELB.5040 (reference)",
	},
	"ELB.5040 under any other status (assumed)": {
		"elbstub.TestGone/500 and ELB.5040 (assumed)",
		"elb.TestGone/ELB.5040 under 500",
		"elb.TestGone/ELB.5040 under 409",
		"provider.TestCertificatesThatCannotBeServed/listed, 500",
		"provider.TestCertificatesThatCannotBeServed/not listed, 500",
	},
	"ELB.8904 (reference, of newer versions)": {
		"elbstub.TestGone/404 and ELB.8904 (reference, of newer versions)",
		"elb.TestGone/404 ELB.8904 (reference)",
		"provider.TestLostDeletion/404 and ELB.8904 (reference, of newer versions)",
	},
	"ELB.6003 (reference)": {
		"elbstub.TestRefusals/listeners: bad filter (reference)",
		"elbstub.TestListenerFilters",
	},
	"ELB.6010 (reference)": {
		"elbstub.TestRefusals/listener: malformed URL (reference)",
	},
	"ELB.6020 (reference)": {
		"elbstub.TestRefusals/listener: short id (reference)",
	},
	"ELB.6030 (reference, assumed)": {
		"elbstub.TestNoListener/ELB.6030 (assumed)",
	},
	"404 of a listener (assumed)": {
		"elbstub.TestNoListener/404 (assumed)",
	},
	"ELB.5131 (reference)": {
		"provider.TestRemedies/ELB.5131",
	},
	"ELB.5141 (reference)": {
		"provider.TestRemedies/ELB.5141",
	},
	"ELB.5151 (reference)": {
		"elbstub.TestQuota",
		"provider.TestAccRefused/quota",
	},
	"ELB.1102 (reference)": {
		"elbstub.TestRefusals/wrong token (reference)",
		"provider.TestAccRefused/wrong token",
	},
	"ELB.1103 (reference)": {
		"provider.TestRemedies/ELB.1103",
	},
	"ELB.1104 (reference)": {
		"provider.TestRemedies/ELB.1104",
	},
	"ELB.1105 (reference)": {
		"provider.TestRemedies/ELB.1105",
	},
	"ELB.1201 (reference)": {
		"provider.TestRemedies/ELB.1201",
	},
	"ELB.9802 (reference)": {
		"elbstub.TestSignatures/another account's",
		"provider.TestRemedies/ELB.9802",
	},
	"ELB.9808 (reference)": {
		"elbstub.TestRefusals/another project's token (reference)",
		"provider.TestAccRefused/wrong project",
	},
	"ELB.9803 (reference)": {
		"elb.TestDeleteRefused/a policy (reference), and a listener",
		"provider.TestRemedies/ELB.9803",
	},
	"ELB.9804 (reference)": {
		"provider.TestRemedies/ELB.9804",
	},
	"APIGW.0101 (observed)": {
		"elbstub.TestRefusals/path without the base path (assumed)",
		"provider.TestAccRefused/wrong path",
	},
	"APIGW.0201 (observed)": {
		"provider.TestRemedies/APIGW.0201",
	},
	"APIGW.0301 (observed)": {
		"elbstub.TestRefusals/no token (observed)",
		"provider.TestRemedies/APIGW.0301",
	},
	"APIGW.0308 (observed)": {
		"httpapi.TestThrottledRequestIsRepeated",
		"provider.TestRemedies/APIGW.0308",
	},
	"a token is good for one project (reference)": {
		"elbstub.TestProjectsAreApart",
		"provider.TestAccRefused/wrong project",
	},
}

// TestEveryStatementIsProven fails when a test that the API's statements name is renamed
// or removed.
func TestEveryStatementIsProven(t *testing.T) {
	t.Parallel()
	tests := testsOf(t, "auth", "elb", "elbstub", "httpapi", "provider")

	for statement, proofs := range api {
		checkProofs(t, tests, statement, proofs)
	}
}

// TestEveryDialectIsRun: make test-dialects must know of all of them.
func TestEveryDialectIsRun(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile("../../GNUmakefile")
	if err != nil {
		t.Fatal(err)
	}
	var numbers []string
	for n := 1; n < elbstub.Dialects; n++ {
		numbers = append(numbers, strconv.Itoa(n))
	}
	if want := "DIALECTS := " + strings.Join(numbers, " ") + "\n"; !strings.Contains(string(makefile), want) {
		t.Errorf("GNUmakefile has no %q", want)
	}
}
