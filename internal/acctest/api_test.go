package acctest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
)

// A proof is a test, and the row of its table if it has one.
type proof struct{ pkg, test, row string }

// api is the certificate API, item by item: where each statement comes from,
// and which tests prove that the stub does it (elbstub) and that the provider
// can live with it (elb, provider).
var api = map[string][]proof{
	// Operations.
	"create is POST …/certificate (reference)":             {{"elbstub", "TestAnswers", ""}, {"elb", "TestRequest", ""}},
	"create answers 200 (reference, Huawei Cloud)":         {{"elbstub", "TestAnswers", ""}, {"elb", "TestCreateAnswers", "200 (reference, Huawei Cloud)"}},
	"create answers 201 (reference, Open Telekom Cloud)":   {{"elbstub", "TestDialects", "create 201"}, {"elb", "TestCreateAnswers", "201 (reference, Open Telekom Cloud)"}},
	"list is GET …/certificate (reference)":                {{"elbstub", "TestAnswers", ""}, {"elb", "TestRequest", ""}},
	"list answers 200 (reference)":                         {{"elbstub", "TestAnswers", ""}, {"elb", "TestGetCertificate", ""}},
	"list has no query parameter (reference)":              {{"elbstub", "TestRefusals", "list with a query (reference)"}},
	"modify is PUT …/certificate/{id} (seed)":              {{"elbstub", "TestAnswers", ""}, {"elb", "TestRequest", ""}, {"provider", "TestAccCertificate", ""}},
	"modify answers 200 with the whole certificate (seed)": {{"elbstub", "TestAnswers", ""}, {"elb", "TestUpdateCertificate", ""}},
	"modify answers 202 (observed)":                        {{"elbstub", "TestDialects", "modify 202 false false"}, {"elb", "TestUpdateReadsBack", "202 (observed)"}, {"provider", "TestAccUpdateAnswers", "202"}},
	"modify answers 204 (observed)":                        {{"elbstub", "TestDialects", "modify 204 false false"}, {"elb", "TestUpdateReadsBack", "204 (observed)"}, {"provider", "TestAccUpdateAnswers", "204"}},
	"delete is DELETE …/certificate/{id} (reference)":      {{"elbstub", "TestAnswers", ""}, {"elb", "TestRequest", ""}},
	"delete answers 204 (reference)":                       {{"elbstub", "TestAnswers", ""}, {"elb", "TestDeleteCertificate", "204 (reference)"}},
	"delete answers 200 (observed)":                        {{"elbstub", "TestDialects", "delete 200"}, {"elb", "TestDeleteCertificate", "200 (observed)"}},
	"delete answers 202 (observed)":                        {{"elbstub", "TestDialects", "delete 202"}, {"elb", "TestDeleteCertificate", "202 (observed)"}},
	"there is no GET of one certificate (seed, reference)": {{"elbstub", "TestRefusals", "GET of one certificate (seed)"}, {"elb", "TestGetCertificate", ""}},
	"requests and answers have no envelope (seed)":         {{"elbstub", "TestAnswers", ""}, {"elb", "TestUpdateCertificate", ""}},
	"listeners is GET …/listeners (reference)":             {{"elbstub", "TestListenerHoldsCertificate", ""}, {"elb", "TestRequest", ""}},
	"listeners answers a bare array (reference)":           {{"elbstub", "TestListenerHoldsCertificate", ""}, {"elb", "TestListenersOf", ""}},

	// Parameters.
	"project_id in the path (seed)":                              {{"elb", "TestRequest", ""}, {"provider", "TestAccCertificateProject", ""}},
	"certificate_id in the path (seed)":                          {{"elb", "TestRequest", ""}, {"elbstub", "TestRefusals", "modify: unknown id (reference)"}},
	"name is optional on create (reference)":                     {{"elbstub", "TestLimits", "no domain (reference)"}, {"elb", "TestCreateSendsOnlyWhatIsGiven", ""}, {"provider", "TestAccCertificateLeftOut", ""}},
	"name is optional on modify (seed)":                          {{"elbstub", "TestModifyLeavesOutWhatIsNotSent", ""}},
	"name has 0 characters or more (seed)":                       {{"elbstub", "TestLimits", "empty name (seed)"}, {"provider", "TestTextRules", "empty name (seed)"}},
	"name has at most 64 characters, of Unicode (seed)":          {{"elbstub", "TestLimits", "64 Chinese letters (seed)"}, {"provider", "TestTextRules", "64 Chinese letters (seed)"}, {"provider", "TestAccCertificate", "证"}},
	"name has no more than 64 characters (seed)":                 {{"elbstub", "TestLimits", "65 Chinese letters (seed)"}, {"provider", "TestAccBadInput", "name of 65 Chinese letters"}},
	"name has Chinese and Latin letters, digits, _ and - (seed)": {{"elbstub", "TestLimits", "all kinds of characters (seed)"}, {"provider", "TestTextRules", "all kinds of characters (seed)"}},
	"description is optional on modify (seed)":                   {{"elbstub", "TestModifyLeavesOutWhatIsNotSent", ""}},
	"description is cleared by sending an empty one (observed)":  {{"elbstub", "TestAnswers", ""}, {"elb", "TestUpdateCertificate", ""}, {"provider", "TestAccCertificate", ""}},
	"description has at most 128 characters (seed)":              {{"elbstub", "TestLimits", "129 characters of description (seed)"}, {"provider", "TestAccBadInput", "description of 129 characters"}},
	"description has no < (seed)":                                {{"elbstub", "TestLimits", "less-than in a description (seed)"}, {"provider", "TestTextRules", "less-than (seed)"}},
	"description has no > (seed)":                                {{"elbstub", "TestLimits", "greater-than in a description (seed)"}, {"provider", "TestAccBadInput", "description with >"}},
	"domain is optional on create (reference)":                   {{"elb", "TestCreateSendsOnlyWhatIsGiven", ""}},
	"domain is not on modify (seed)":                             {{"elbstub", "TestRefusals", "modify: a domain (seed)"}, {"provider", "TestAccCertificateReplaced", ""}},
	"domain has at most 254 characters (reference)":              {{"elbstub", "TestLimits", "255 characters of domain (reference)"}, {"provider", "TestTextRules", "255 characters of domain (reference)"}},
	"domain has letters, digits, - and . (reference)":            {{"elbstub", "TestLimits", "domain with a wildcard (reference)"}, {"provider", "TestAccBadInput", "wildcard domain"}},
	"domain begins with a letter or a digit (reference)":         {{"elbstub", "TestLimits", "domain that begins with . (reference)"}, {"provider", "TestTextRules", "domain that begins with a dot"}},
	"certificate is required on create (reference)":              {{"elbstub", "TestRefusals", "create: no certificate (reference)"}, {"provider", "TestAccBadInput", "no certificate"}},
	"certificate is PEM (reference)":                             {{"elbstub", "TestRefusals", "create: certificate is text (reference)"}},
	"certificate is not on modify (seed)":                        {{"elbstub", "TestRefusals", "modify: a certificate (seed)"}, {"provider", "TestAccCertificateReplaced", ""}},
	"private_key is required on create (reference)":              {{"elbstub", "TestRefusals", "create: no private key (reference)"}, {"provider", "TestAccBadInput", "no private key"}},
	"private_key is PEM (reference)":                             {{"elbstub", "TestRefusals", "create: key is text (reference)"}},
	"private_key is not on modify (seed)":                        {{"elbstub", "TestRefusals", "modify: a private key (seed)"}, {"provider", "TestAccCertificateReplaced", ""}},

	// Fields of answers.
	"id is 32 hexadecimal characters (seed)":                               {{"elbstub", "TestAnswers", ""}, {"provider", "TestAccCertificate", ""}, {"provider", "TestParseImportID", ""}},
	"name is always answered (seed)":                                       {{"elbstub", "TestAnswers", ""}, {"provider", "TestAccCertificate", ""}},
	"description is always answered (seed)":                                {{"elbstub", "TestAnswers", ""}, {"provider", "TestAccCertificate", ""}},
	"domain is null when unset on list and modify (seed, recorded)":        {{"elbstub", "TestAnswers", ""}, {"elb", "TestLists", "found, no count"}},
	"domain is absent when unset on create (recorded)":                     {{"elbstub", "TestAnswers", ""}, {"elb", "TestCreateSendsOnlyWhatIsGiven", ""}},
	"certificate is always answered (seed)":                                {{"elbstub", "TestAnswers", ""}, {"provider", "TestAccCertificate", ""}},
	"private_key is answered in clear, also in the list (seed, recorded)":  {{"elbstub", "TestAnswers", ""}, {"elb", "TestAnswersShowNoSecret", ""}, {"provider", "TestAccCertificateImport", ""}},
	"create_time and update_time have no zone (seed)":                      {{"elbstub", "TestAnswers", ""}, {"provider", "TestAccCertificate", ""}},
	"tenant_id is answered on create (reference), not always (recorded)":   {{"elbstub", "TestAnswers", ""}, {"elb", "TestCreateAnswers", "tenant_id and unknown fields (reference)"}},
	"instance_num is a string (reference, recorded)":                       {{"elbstub", "TestAnswers", ""}, {"elb", "TestLists", "found, count is a string (reference, recorded)"}},
	"instance_num is a number (assumed)":                                   {{"elbstub", "TestDialects", "count float64"}, {"elb", "TestLists", "found, count is a number (assumed)"}},
	"certificates come back without a newline at the end (seed, recorded)": {{"provider", "TestAccTextForms", ""}, {"provider", "TestAccCertificateImport", ""}},
	"certificates may be trimmed or re-wrapped (observed)":                 {{"elbstub", "TestDialects", ""}, {"provider", "TestAccTextForms", ""}},
	"keys may be masked (observed)":                                        {{"elbstub", "TestDialects", ""}, {"provider", "TestAccTextForms", "******"}},
	"unknown fields may appear (assumed)":                                  {{"elbstub", "TestDialects", "extra true true"}, {"elb", "TestLists", "found, extra fields"}},
	"listeners name their own certificate (reference)":                     {{"elbstub", "TestListenerHoldsCertificate", "own"}, {"elb", "TestDeleteNamesTheListeners", ""}},
	"listeners name further certificates in a string (reference)":          {{"elbstub", "TestListenerHoldsCertificate", "SNI"}, {"elb", "TestListenersOf", ""}},

	// Statuses.
	"400 badRequest (seed)":                     {{"httpapi", "TestErrors", "badRequest (seed)"}, {"provider", "TestRemedies", "badRequest"}},
	"401 unauthorized (seed)":                   {{"httpapi", "TestErrors", "unauthorized (seed)"}, {"provider", "TestRemedies", "unauthorized"}},
	"403 userDisabled (seed)":                   {{"httpapi", "TestErrors", "userDisabled (seed)"}, {"provider", "TestRemedies", "userDisabled"}},
	"404 Not Found (seed)":                      {{"httpapi", "TestErrors", "Not Found (seed)"}, {"elb", "TestUpdateOfWhatIsGone", "404 Not Found (seed), list lacks it"}},
	"500 authFault (seed)":                      {{"httpapi", "TestErrors", "authFault (seed)"}, {"provider", "TestAccUnreadable", "500"}},
	"503 serviceUnavailable (seed)":             {{"httpapi", "TestErrors", "serviceUnavailable (seed)"}, {"provider", "TestRemedies", "serviceUnavailable"}},
	"404 of a list is no proof":                 {{"elb", "TestLists", "404 without a code never means gone"}, {"provider", "TestAccUnreadable", "404"}},
	"404 of the gateway is no proof (observed)": {{"elb", "TestDeleteCertificate", "404 of the gateway"}, {"provider", "TestAccUnreadable", "404, gateway"}},
	"a bare 404 leaves it to the list":          {{"elbstub", "TestDialects", "gone 404 false"}, {"elb", "TestUpdateOfWhatIsGone", "bare 404, list has it"}, {"elb", "TestDeleteCertificate", "gone, bare 404"}},

	// Shapes of errors.
	`{"error":{"message","code"}} (reference)`:       {{"elbstub", "TestRefusals", ""}, {"httpapi", "TestErrors", "error (reference)"}},
	`{"error_msg","error_code"} (reference)`:         {{"elbstub", "TestDialects", `error {"error_msg":"`}, {"httpapi", "TestErrors", "error_msg (reference)"}},
	`"request_id" in the body (observed)`:            {{"httpapi", "TestErrors", "request_id (observed)"}},
	`X-Request-Id in the header (observed)`:          {{"elbstub", "TestAnswers", ""}, {"provider", "TestAccRefused", ""}},
	`{"NeutronError":{"type","message"}} (observed)`: {{"elbstub", "TestDialects", `error {"NeutronError":{"type":"`}, {"httpapi", "TestErrors", "NeutronError (observed)"}},
	"an HTML page (observed)":                        {{"httpapi", "TestErrors", "HTML (observed)"}, {"provider", "TestAccRefused", "HTML"}},
	"an empty body (observed)":                       {{"httpapi", "TestErrors", "nothing (observed)"}, {"provider", "TestAccHalfCreated", "an empty body"}},

	// Identity.
	"tokens come from POST /v3/auth/tokens (reference)":                 {{"auth", "TestKindsOfCredentials", "password"}, {"provider", "TestAccCredentials", "password"}},
	"a token is scoped to a project by id or name (reference)":          {{"auth", "TestProjectID", "password"}},
	"a token lives 24 hours (reference)":                                {{"auth", "TestOneTokenPerProject", ""}},
	"projects are found by GET /v3/projects?name= (reference)":          {{"auth", "TestProjectID", "access key"}},
	"X-Project-Id goes with every signed request (reference)":           {{"auth", "TestKindsOfCredentials", "access key"}},
	"an agency gives temporary keys (reference)":                        {{"auth", "TestKindsOfCredentials", "agency"}, {"provider", "TestAccCredentials", "agency"}},
	"the catalog has elbv1, or elb, with or without version (observed)": {{"auth", "TestEndpoint", "elbv1 before elb"}, {"auth", "TestEndpoint", "by password, with version"}},
	"endpoints are elb.{region}.{cloud} (observed)":                     {{"provider", "TestAddresses", "Open Telekom Cloud"}},
	"private clouds have their own auth_url (observed)":                 {{"provider", "TestAddresses", "Huawei Cloud Stack"}},
	"signature, dialect access (reference)":                             {{"auth", "TestVectors", "published guide"}, {"auth", "TestKindsOfCredentials", "access key"}},
	"signature, dialect scoped (observed)":                              {{"auth", "TestVectors", "scoped"}, {"auth", "TestKindsOfCredentials", "access key, scoped"}},
	"a signature is good for 15 minutes (reference)":                    {{"auth", "TestOldSignature", ""}},

	// Error codes.
	"ELB.0002 (reference)":                        {{"elbstub", "TestRefusals", "create: empty body (reference)"}, {"provider", "TestRemedies", "ELB.0002"}},
	"ELB.1001 (reference)":                        {{"elbstub", "TestRefusals", "create: no private key (reference)"}, {"provider", "TestRemedies", "ELB.1001"}},
	"ELB.1011 (reference)":                        {{"elbstub", "TestRefusals", "create: key is text (reference)"}, {"provider", "TestRemedies", "ELB.1011"}},
	"ELB.5013 (reference)":                        {{"elbstub", "TestRefusals", "create: key of another certificate (reference)"}, {"provider", "TestRemedies", "ELB.5013"}},
	"ELB.5002 (reference)":                        {{"elbstub", "TestListenerHoldsCertificate", ""}, {"elb", "TestDeleteWaitsForTheListener", ""}, {"provider", "TestAccDeleteInUse", ""}},
	"409 for a certificate in use (reference)":    {{"elbstub", "TestDialects", "in use 409"}, {"elb", "TestDeleteWaitsForTheListener", "409 (reference, of newer API versions)"}},
	"ELB.5004 (reference)":                        {{"elbstub", "TestRefusals", "list with a query (reference)"}, {"provider", "TestRemedies", "ELB.5004"}},
	"ELB.5010 (reference)":                        {{"elbstub", "TestRefusals", "delete: malformed URL (reference)"}, {"provider", "TestRemedies", "ELB.5010"}},
	"ELB.5030 (reference)":                        {{"elbstub", "TestRefusals", "modify: malformed URL (reference)"}, {"provider", "TestRemedies", "ELB.5030"}},
	"ELB.5020 (reference)":                        {{"elbstub", "TestRefusals", "delete: short id (reference)"}, {"provider", "TestRemedies", "ELB.5020"}},
	"ELB.5033 (reference)":                        {{"provider", "TestAccUpdateAnswers", "400"}, {"provider", "TestRemedies", "ELB.5033"}},
	"ELB.5040 under 404 (reference)":              {{"elbstub", "TestRefusals", "delete: unknown id (reference)"}, {"elb", "TestDeleteCertificate", "gone, ELB.5040 under 404"}, {"elb", "TestUpdateOfWhatIsGone", "ELB.5040 under 404 (reference)"}},
	"ELB.5040 under 400 (reference)":              {{"elbstub", "TestDialects", "gone 400 true"}, {"elb", "TestDeleteCertificate", "gone, ELB.5040 under 400"}, {"elb", "TestUpdateOfWhatIsGone", "ELB.5040 under 400 (reference)"}},
	"ELB.5131 (reference)":                        {{"provider", "TestRemedies", "ELB.5131"}},
	"ELB.5141 (reference)":                        {{"provider", "TestRemedies", "ELB.5141"}},
	"ELB.5151 (reference)":                        {{"elbstub", "TestQuota", ""}, {"provider", "TestAccRefused", "quota"}},
	"ELB.1102 (reference)":                        {{"elbstub", "TestRefusals", "wrong token (reference)"}, {"provider", "TestAccRefused", "wrong token"}},
	"ELB.1103 (reference)":                        {{"provider", "TestRemedies", "ELB.1103"}},
	"ELB.1104 (reference)":                        {{"provider", "TestRemedies", "ELB.1104"}},
	"ELB.1105 (reference)":                        {{"provider", "TestRemedies", "ELB.1105"}},
	"ELB.1201 (reference)":                        {{"provider", "TestRemedies", "ELB.1201"}},
	"ELB.9802 (reference)":                        {{"elbstub", "TestRefusals", "another project's token (reference)"}, {"provider", "TestAccRefused", "wrong project"}},
	"ELB.9803 (reference)":                        {{"elb", "TestDeleteWithoutTheListenersAPI", ""}, {"provider", "TestRemedies", "ELB.9803"}},
	"ELB.9804 (reference)":                        {{"provider", "TestRemedies", "ELB.9804"}},
	"APIGW.0101 (observed)":                       {{"elbstub", "TestRefusals", "path without the base path (assumed)"}, {"provider", "TestAccRefused", "wrong path"}},
	"APIGW.0201 (observed)":                       {{"provider", "TestRemedies", "APIGW.0201"}},
	"APIGW.0301 (observed)":                       {{"elbstub", "TestRefusals", "no token (observed)"}, {"provider", "TestRemedies", "APIGW.0301"}},
	"APIGW.0308 (observed)":                       {{"httpapi", "TestThrottledRequestIsRepeated", ""}, {"provider", "TestRemedies", "APIGW.0308"}},
	"a token is good for one project (reference)": {{"elbstub", "TestProjectsAreApart", ""}, {"provider", "TestAccRefused", "wrong project"}},
}

// TestEveryStatementIsProven fails when a proof is renamed or removed. That each
// proof holds is for the proof itself to say: it is run with the other tests.
func TestEveryStatementIsProven(t *testing.T) {
	t.Parallel()
	tests := map[string]map[string]map[string]bool{}
	for _, pkg := range []string{"auth", "elb", "elbstub", "httpapi", "provider"} {
		tests[pkg] = testsOf(t, filepath.Join("..", pkg))
	}
	for statement, proofs := range api {
		check(t, tests, statement, proofs)
	}
}

// check fails when one of the proofs of a statement is not there.
func check(t *testing.T, tests map[string]map[string]map[string]bool, statement string, proofs []proof) {
	t.Helper()
	if len(proofs) == 0 {
		t.Errorf("nothing proves: %s", statement)
	}
	for _, p := range proofs {
		literals, found := tests[p.pkg][p.test]
		if !found {
			t.Errorf("%s: there is no %s.%s", statement, p.pkg, p.test)
		} else if p.row != "" && !literals[p.row] {
			t.Errorf("%s: %s.%s has no row %q", statement, p.pkg, p.test, p.row)
		}
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

// testsOf returns the tests in a folder, and the texts in each.
func testsOf(t *testing.T, folder string) map[string]map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests in %s: %v", folder, err)
	}
	tests := map[string]map[string]bool{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range parsed.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Recv != nil || !strings.HasPrefix(function.Name.Name, "Test") {
				continue
			}
			literals := map[string]bool{}
			ast.Inspect(function, func(node ast.Node) bool {
				if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					if text, err := strconv.Unquote(literal.Value); err == nil {
						literals[text] = true
					}
				}
				return true
			})
			tests[function.Name.Name] = literals
		}
	}
	return tests
}
