package provider_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elbaas/terraform-provider-elbaas/internal/acctest"
	"github.com/elbaas/terraform-provider-elbaas/internal/elbstub"
	"github.com/elbaas/terraform-provider-elbaas/internal/provider"
)

// hardStop starts an apply of several certificates, and stops it during the last creation, which the server has carried
// out without responding.
func hardStop(
	t *testing.T, stop func(cli *acctest.CLI, terraform *acctest.Command),
) (cloud *Cloud, cli *acctest.CLI) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("processes are found on Linux alone")
	}
	cloud, cli = NewCloud(t), acctest.NewInstalledCLI(t, "")
	pair := NewPair()
	cli.Configure(cloud.Provider() + fmt.Sprintf(
		"resource \"elbaas_certificate\" \"test\" {\n  count = 3\n  name = \"n${count.index}\"\n  certificate = %s\n"+
			"  private_key = %s\n}\n",
		Quote(pair.Certificate), Quote(pair.PrivateKey)))
	created, gone := make(chan struct{}), make(chan struct{})
	cloud.Script(elbstub.CreateCertificate, 3, func(next elbstub.Next) elbstub.Response {
		next()
		close(created)
		<-gone
		return next()
	})
	terraform := cli.Start("apply", "-auto-approve", "-parallelism=1")
	<-created
	stop(cli, terraform)
	if said, err := terraform.Wait(); err == nil {
		t.Errorf("it ended well: %s", said)
	}
	cli.SignalProvider(os.Kill)
	close(gone)
	return cloud, cli
}

// recovered applies again. Each certificate that is not in the state must be named by a warning, of which there must be
// at least unknown, and then the plan must be empty.
func recovered(t *testing.T, cloud *Cloud, cli *acctest.CLI, unknown int) {
	t.Helper()
	before := cloud.Certificates(ProjectID)
	said := cli.Run("apply", "-auto-approve")
	state := cli.Run("state", "pull")
	for _, cert := range before {
		warned, managed := strings.Contains(said, "certificate "+cert.ID), strings.Contains(state, cert.ID)
		if warned == managed {
			t.Errorf("certificate %s: in the state %t, in a warning %t: %s", cert.ID, managed, warned, said)
		}
		if warned {
			unknown--
		}
	}
	if unknown > 0 {
		t.Errorf("%d certificates less than expected were named: %s", unknown, said)
	}
	if said := cli.Run("plan"); !strings.Contains(said, "No changes") {
		t.Errorf("the plan is not empty: %s", said)
	}
}

// TestAccProviderIsKilled: the provider is killed between the commit of the server and its response.
func TestAccProviderIsKilled(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cloud, cli := hardStop(t, func(cli *acctest.CLI, _ *acctest.Command) {
		if !cli.SignalProvider(os.Kill) {
			t.Error("there is no provider to kill")
		}
	})
	recovered(t, cloud, cli, 1)
}

// TestAccTerraformIsKilled: Terraform is killed during an apply, whether or not it has written its state before.
func TestAccTerraformIsKilled(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	cloud, cli := hardStop(t, func(_ *acctest.CLI, terraform *acctest.Command) {
		if err := terraform.Process.Kill(); err != nil {
			t.Error(err)
		}
	})
	recovered(t, cloud, cli, 1)
}

// TestAccInterruptedRead: Ctrl-C ends a plan although the server does not respond.
func TestAccInterruptedRead(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	if runtime.GOOS == "windows" {
		t.Skip("there is no interrupt to send")
	}
	cloud, cli := NewCloud(t), acctest.NewInstalledCLI(t, "")
	cli.Configure(cloud.Provider() + Certificate(NewPair()))
	cli.Run("apply", "-auto-approve")
	asked, ended := make(chan struct{}), make(chan struct{})
	cloud.Script(elbstub.ListCertificates, 1, func(next elbstub.Next) elbstub.Response {
		close(asked)
		<-ended
		return next()
	})
	terraform := cli.Start("plan")
	<-asked
	interrupt(t, terraform)
	said, err := terraform.Wait() // this hangs if the interrupt does not end Terraform
	close(ended)
	if err == nil || !strings.Contains(said, "The operation was interrupted.") {
		t.Errorf("%v: %s", err, said)
	}
}

// TestAccInterruptedPlanOfAnApply: Terraform does not pass on the first Ctrl-C while an apply makes its plan
// (observed). The second one ends it, and nothing was changed.
func TestAccInterruptedPlanOfAnApply(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	if runtime.GOOS == "windows" {
		t.Skip("there is no interrupt to send")
	}
	cloud, cli := NewCloud(t), acctest.NewInstalledCLI(t, "")
	pair := NewPair()
	cli.Configure(cloud.Provider() + Certificate(pair))
	cli.Run("apply", "-auto-approve")
	cli.Configure(cloud.Provider() + Certificate(pair, `description = "new"`))
	asked, ended := make(chan struct{}), make(chan struct{})
	cloud.Script(elbstub.ListCertificates, 1, func(next elbstub.Next) elbstub.Response {
		close(asked)
		<-ended
		return next()
	})
	terraform := cli.Start("apply", "-auto-approve")
	<-asked
	interrupt(t, terraform)
	time.Sleep(time.Second) // two simultaneous signals may count as one
	interrupt(t, terraform)
	said, err := terraform.Wait() // this hangs if the interrupts do not end Terraform
	close(ended)
	if updates := cloud.Journal(elbstub.ModifyCertificate); err == nil || len(updates) > 0 {
		t.Errorf("%v, %d updates: %s", err, len(updates), said)
	}
	if said := cli.Run("apply", "-auto-approve"); !strings.Contains(said, "1 changed") {
		t.Errorf("the next apply says %s", said)
	}
}

// TestAccInterruptedCreate: the response to a request that was sent is awaited, and the state has the ID.
func TestAccInterruptedCreate(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	for name, interrupt := range map[string]func(*testing.T, *acctest.CLI, *acctest.Command){
		"Ctrl-C": func(t *testing.T, _ *acctest.CLI, terraform *acctest.Command) {
			t.Helper()
			interrupt(t, terraform)
		},
		// When Jenkins, GitLab or systemd ends a job, it sends SIGTERM to all of its processes (observed).
		"SIGTERM to all processes": func(t *testing.T, cli *acctest.CLI, terraform *acctest.Command) {
			t.Helper()
			if runtime.GOOS != "linux" {
				t.Skip("processes are found on Linux alone")
			}
			if err := terraform.Process.Signal(syscall.SIGTERM); err != nil || !cli.SignalProvider(syscall.SIGTERM) {
				t.Error("there is nothing to signal")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if runtime.GOOS == "windows" {
				t.Skip("there is no interrupt to send")
			}
			cloud, cli := NewCloud(t), acctest.NewInstalledCLI(t, "")
			cli.Configure(cloud.Provider() + Certificate(NewPair()))
			asked, interrupted := make(chan struct{}), make(chan struct{})
			created := make(chan struct{})
			cloud.Script(elbstub.CreateCertificate, 1, func(next elbstub.Next) elbstub.Response {
				defer close(created)
				close(asked)
				<-interrupted
				time.Sleep(time.Second) // until the interrupt has reached the provider
				return next()
			})
			terraform := cli.Start("apply", "-auto-approve")
			<-asked
			interrupt(t, cli, terraform)
			close(interrupted)
			said, _ := terraform.Wait()
			<-created
			if state := cli.Run("state", "pull"); !strings.Contains(state, cloud.Only(t).ID) {
				t.Errorf("certificate %s is not in the state: %s", cloud.Only(t).ID, said)
			}
			if said := cli.Run("plan"); !strings.Contains(said, "No changes") {
				t.Errorf("the plan is not empty: %s", said)
			}
		})
	}
}

// withName carries a request out, but writes another name into its response, like a replica that does not know of the
// change yet.
func withName(name, other string) elbstub.Fault {
	return func(next elbstub.Next) elbstub.Response {
		response := next()
		response.Body = bytes.ReplaceAll(response.Body, []byte(`"`+name+`"`), []byte(`"`+other+`"`))
		return response
	}
}

// TestAccInterruptedUpdate: an update is interrupted while lists decide about an old response. The error says that the
// API has accepted the change, and the next apply finds it.
func TestAccInterruptedUpdate(t *testing.T) {
	t.Parallel()
	OnceForAllDialects(t)
	if runtime.GOOS == "windows" {
		t.Skip("there is no interrupt to send")
	}
	cloud, cli := NewCloud(t), acctest.NewInstalledCLI(t, "")
	pair := NewPair()
	cli.Configure(cloud.Provider() + Certificate(pair, `name = "old"`))
	cli.Run("apply", "-auto-approve")
	cli.Configure(cloud.Provider() + Certificate(pair, `name = "new"`))
	asked, ended := make(chan struct{}), make(chan struct{})
	cloud.Script(elbstub.ModifyCertificate, 1, withName("new", "old"))
	cloud.Script(elbstub.ListCertificates, 2, func(next elbstub.Next) elbstub.Response {
		close(asked)
		<-ended
		return next()
	})
	terraform := cli.Start("apply", "-auto-approve")
	<-asked
	interrupt(t, terraform)
	said, err := terraform.Wait()
	close(ended)
	if err == nil || !strings.Contains(said, "the API accepted the change, but does not show it yet") ||
		!strings.Contains(said, "The operation was interrupted.") {
		t.Errorf("%v: %s", err, said)
	}
	if said := cli.Run("plan"); !strings.Contains(said, "No changes") {
		t.Errorf("the plan is not empty: %s", said)
	}
}

func interrupt(t *testing.T, terraform *acctest.Command) {
	t.Helper()
	if err := terraform.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}

// TestInterrupted interrupts the provider in every wait: it ends within two seconds, in fake time.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	const (
		list   = elbstub.ListCertificates
		modify = elbstub.ModifyCertificate
		remove = elbstub.DeleteCertificate
		token  = elbstub.IssueToken
	)
	read := func(s *acctest.Server, state *acctest.State, _ acctest.Values) acctest.Diagnostics {
		_, diagnostics := s.Read(state)
		return diagnostics
	}
	update := func(s *acctest.Server, state *acctest.State, config acctest.Values) acctest.Diagnostics {
		config["name"] = "new"
		plan, _ := s.Plan(state, config)
		_, diagnostics := s.Apply(plan)
		return diagnostics
	}
	destroy := func(s *acctest.Server, state *acctest.State, _ acctest.Values) acctest.Diagnostics {
		_, diagnostics := s.Destroy(state)
		return diagnostics
	}
	create := func(s *acctest.Server, _ *acctest.State, config acctest.Values) acctest.Diagnostics {
		plan, _ := s.Plan(nil, config)
		_, diagnostics := s.Apply(plan)
		return diagnostics
	}
	type work = func(*acctest.Server, *acctest.State, acctest.Values) acctest.Diagnostics
	type faults = map[elbstub.Operation]elbstub.Fault
	for name, row := range map[string]struct {
		work   work
		faults faults
		held   bool
		accept bool // PUTs get the status 202
	}{
		"a list": {
			work:   read,
			faults: faults{list: elbstub.Slow(50 * time.Second)},
		},
		"a pause of a list": {
			work:   read,
			faults: faults{list: elbstub.Reply(503, "")},
		},
		"a throttled list": {
			work:   read,
			faults: faults{list: elbstub.Throttle("60")},
		},
		"a token": {
			work:   read,
			faults: faults{token: elbstub.Slow(50 * time.Second)},
		},
		"a pause of a token": {
			work:   read,
			faults: faults{token: elbstub.Reply(503, "")},
		},
		"the list before a creation": {
			work:   create,
			faults: faults{list: elbstub.Slow(50 * time.Second)},
		},
		"an update": {
			work:   update,
			faults: faults{modify: elbstub.Slow(50 * time.Second)},
		},
		"a pause of an update": {
			work:   update,
			faults: faults{modify: elbstub.Refuse()},
		},
		"an update that is not shown": {
			work:   update,
			accept: true,
			faults: faults{list: elbstub.See(elbstub.View{Lag: 9 * time.Second})},
		},
		"an update whose response has the old name": {
			work: update,
			faults: faults{
				modify: withName("new", "old"),
				list:   elbstub.See(elbstub.View{Lag: 9 * time.Second}),
			},
		},
		"a deletion": {
			work:   destroy,
			faults: faults{remove: elbstub.Slow(50 * time.Second)},
		},
		"a deletion that a listener stops": {work: destroy, held: true},
		"a deletion that is throttled": {
			work:   destroy,
			faults: faults{remove: elbstub.Throttle("")},
		},
		"a list that decides on a deletion": {
			work: destroy,
			faults: faults{
				remove: elbstub.Reply(404, ""),
				list:   elbstub.Slow(50 * time.Second),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, network := NewCloudInMemory(t, func(o *elbstub.Options) {
					if row.accept {
						o.Dialect.Modify = elbstub.ModifyAccepted
					}
				})
				pair := NewPair()
				config := acctest.Values{"name": "old", "certificate": pair.Certificate, "private_key": pair.PrivateKey}
				start := func() *acctest.Server {
					return acctest.NewServer(t, provider.New("test", network.DialContext)(),
						acctest.Values{
							"endpoint": cloud.Endpoint, "auth_url": cloud.AuthURL,
							"project_id": ProjectID, "insecure": true,
							"user_name": UserName, "password": Password, "domain_name": Domain,
						})
				}
				server := start()
				plan, _ := server.Plan(nil, config)
				state, diagnostics := server.Apply(plan)
				if len(diagnostics) > 0 {
					t.Fatal(diagnostics[0])
				}
				if row.held {
					cloud.AddListener(elbstub.Listener{ProjectID: ProjectID, CertificateID: cloud.Only(t).ID})
				}
				for operation, fault := range row.faults {
					for n := range 20 {
						cloud.Script(operation, n+1, fault)
					}
				}

				server = start()
				time.AfterFunc(3*time.Second, server.Stop)
				started := time.Now()
				diagnostics = row.work(server, state, config)
				if took := time.Since(started); took < 3*time.Second || took > 5*time.Second {
					t.Errorf("it ended after %s", took)
				}
				if !diagnostics.HasError() ||
					!strings.Contains(diagnostics[0].Detail, "The operation was interrupted.") {
					t.Errorf("it said %v", diagnostics)
				}
			})
		})
	}
}
