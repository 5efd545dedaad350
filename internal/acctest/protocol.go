package acctest

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Values are the attributes of a configuration, a plan or a state: a string, an int64, a
// []string, a Values, a []Values or Unknown for each that is not null.
type Values map[string]any

// ApplyTerraform5AttributePathStep returns an attribute, as a step of a path in Values.
func (v Values) ApplyTerraform5AttributePathStep(step tftypes.AttributePathStep) (any, error) {
	name, _ := step.(tftypes.AttributeName)
	return v[string(name)], nil
}

// Unknown is a value that is known only after an apply.
const Unknown = unknown("unknown")

type unknown string

// MarshalJSON implements json.Marshaler.
func (unknown) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// A State is what Terraform keeps of a resource. nil means that there is no resource.
type State struct {
	Values Values
	// Identity is nil if the provider has returned none.
	Identity Values
	private  []byte
}

// WithPrivate returns a copy of a state whose private part has these values alone, each
// of them JSON. Without any, there is no private part, as in a state that an older
// version of the provider has left.
func (s *State) WithPrivate(t testing.TB, values map[string][]byte) *State {
	t.Helper()
	changed := State{Values: s.Values, Identity: s.Identity}
	if len(values) > 0 {
		var err error
		changed.private, err = json.Marshal(values) // as the framework keeps it
		check(t, err)
	}
	return &changed
}

// A Plan is the provider's plan for a configuration.
type Plan struct {
	// Values are what is planned.
	Values Values
	// Replace are the attributes whose change replaces the resource.
	Replace []string
	prior   *State // with no values if there is no resource
	config  Values
	private []byte
}

// Configure sets an attribute of the configuration that was unknown in the plan.
func (p *Plan) Configure(name string, value any) {
	p.config = maps.Clone(p.config)
	p.config[name] = value
}

// Diagnostics are the errors and warnings of a call.
type Diagnostics []*tfprotov6.Diagnostic

// HasError reports whether one of them is an error.
func (d Diagnostics) HasError() bool {
	return slices.ContainsFunc(d, func(d *tfprotov6.Diagnostic) bool {
		return d.Severity == tfprotov6.DiagnosticSeverityError
	})
}

// Server calls a provider by Terraform's protocol, but without Terraform: that is many times
// faster, and does not depend on what the installed CLI supports.
type Server struct {
	t      testing.TB
	server tfprotov6.ProviderServer
	schema *tfprotov6.GetProviderSchemaResponse
	// identities are those of the resources, by type.
	identities map[string]*tfprotov6.ResourceIdentitySchema
	// resourceType is the resource that it is asked for.
	resourceType string
}

// The resources that a Server is asked for.
const (
	certificateType         = "elbaas_certificate"
	listenerCertificateType = "elbaas_listener_certificate"
)

// Listeners returns the same server, to be asked for certificates of listeners.
func (s *Server) Listeners() *Server {
	listeners := *s
	listeners.resourceType = listenerCertificateType
	return &listeners
}

// NewServer starts a provider for the duration of a test, with a configuration.
func NewServer(t testing.TB, server tfprotov6.ProviderServer, config Values) *Server {
	t.Helper()
	s := &Server{t: t, server: server, resourceType: certificateType}
	s.schema = call(s, server.GetProviderSchema, &tfprotov6.GetProviderSchemaRequest{})
	identities := call(s, server.GetResourceIdentitySchemas, &tfprotov6.GetResourceIdentitySchemasRequest{})
	s.succeeded(append(s.schema.Diagnostics, identities.Diagnostics...))
	s.identities = identities.IdentitySchemas
	configured := call(s, server.ConfigureProvider, &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.11.0",
		Config:           s.encode(s.schema.Provider.ValueType(), config),
	})
	s.succeeded(configured.Diagnostics)
	return s
}

// Validate validates a configuration.
func (s *Server) Validate(config Values) Diagnostics {
	s.t.Helper()
	response := call(s, s.server.ValidateResourceConfig, &tfprotov6.ValidateResourceConfigRequest{
		TypeName: s.resourceType,
		Config:   s.encode(s.resource(), config),

		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	return response.Diagnostics
}

// Plan plans a configuration, or the destruction of a resource without one.
func (s *Server) Plan(prior *State, config Values) (Plan, Diagnostics) {
	s.t.Helper()
	prior = cmp.Or(prior, &State{})
	response := call(s, s.server.PlanResourceChange, &tfprotov6.PlanResourceChangeRequest{
		TypeName:         s.resourceType,
		PriorState:       s.encode(s.resource(), prior.Values),
		ProposedNewState: s.encode(s.resource(), s.propose(prior.Values, config)),
		Config:           s.encode(s.resource(), config),
		PriorPrivate:     prior.private,
		PriorIdentity:    s.encodeIdentity(prior.Identity),
	})
	if Diagnostics(response.Diagnostics).HasError() {
		return Plan{}, response.Diagnostics
	}
	plan := Plan{
		Values: s.decode(response.PlannedState, s.resource()),
		prior:  prior, config: config, private: response.PlannedPrivate,
	}
	for _, path := range response.RequiresReplace {
		plan.Replace = append(plan.Replace, path.String())
	}
	return plan, response.Diagnostics
}

// Apply applies a plan.
func (s *Server) Apply(plan Plan) (*State, Diagnostics) {
	s.t.Helper()
	response := call(s, s.server.ApplyResourceChange, &tfprotov6.ApplyResourceChangeRequest{
		TypeName:       s.resourceType,
		PriorState:     s.encode(s.resource(), plan.prior.Values),
		PlannedState:   s.encode(s.resource(), plan.Values),
		Config:         s.encode(s.resource(), plan.config),
		PlannedPrivate: plan.private,

		PlannedIdentity: s.encodeIdentity(plan.prior.Identity),
	})
	return s.state(response.NewState, response.NewIdentity, response.Private), response.Diagnostics
}

// Destroy deletes a resource.
func (s *Server) Destroy(prior *State) (*State, Diagnostics) {
	s.t.Helper()
	return s.Apply(Plan{prior: prior, private: prior.private})
}

// Read refreshes a state. It is nil when the resource is gone.
func (s *Server) Read(state *State) (*State, Diagnostics) {
	s.t.Helper()
	response := call(s, s.server.ReadResource, &tfprotov6.ReadResourceRequest{
		TypeName:     s.resourceType,
		CurrentState: s.encode(s.resource(), state.Values),
		Private:      state.private,

		CurrentIdentity: s.encodeIdentity(state.Identity),
	})
	return s.state(response.NewState, response.NewIdentity, response.Private), response.Diagnostics
}

// Import imports a resource by its ID, and reads it.
func (s *Server) Import(id string) (*State, Diagnostics) {
	s.t.Helper()
	return s.importState(id, nil)
}

// ImportByIdentity imports a resource by its identity, and reads it.
func (s *Server) ImportByIdentity(identity Values) (*State, Diagnostics) {
	s.t.Helper()
	return s.importState("", identity)
}

func (s *Server) importState(id string, identity Values) (*State, Diagnostics) {
	s.t.Helper()
	response := call(s, s.server.ImportResourceState, &tfprotov6.ImportResourceStateRequest{
		TypeName: s.resourceType, ID: id, Identity: s.encodeIdentity(identity),
	})
	if Diagnostics(response.Diagnostics).HasError() {
		return nil, response.Diagnostics
	}
	imported := response.ImportedResources[0]
	before := s.state(imported.State, imported.Identity, imported.Private)
	state, diagnostics := s.Read(before)
	if state != nil && !reflect.DeepEqual(before.Identity, state.Identity) { // which never changes
		s.t.Errorf("the identity is %v after the import, and %v after the read", before.Identity, state.Identity)
	}
	return state, diagnostics
}

// Move turns the state of another provider's resource into a state of ours.
func (s *Server) Move(sourceProvider, sourceType string, source any) (*State, Diagnostics) {
	s.t.Helper()
	raw, err := json.Marshal(source)
	check(s.t, err)
	response := call(s, s.server.MoveResourceState, &tfprotov6.MoveResourceStateRequest{
		SourceProviderAddress: sourceProvider,
		SourceTypeName:        sourceType,
		SourceState:           &tfprotov6.RawState{JSON: raw},
		TargetTypeName:        s.resourceType,
	})
	return s.state(response.TargetState, response.TargetIdentity, response.TargetPrivate), response.Diagnostics
}

// GenerateConfig returns the configuration that Terraform writes for a state.
func (s *Server) GenerateConfig(state *State) Values {
	s.t.Helper()
	response := call(s, s.server.GenerateResourceConfig, &tfprotov6.GenerateResourceConfigRequest{
		TypeName: s.resourceType,
		State:    s.encode(s.resource(), state.Values),
	})
	s.succeeded(response.Diagnostics)
	return s.decode(response.Config, s.resource())
}

// ReadDataSource validates a configuration of a data source, and reads it.
func (s *Server) ReadDataSource(name string, config Values) (Values, Diagnostics) {
	s.t.Helper()
	schema := s.schema.DataSourceSchemas[name]
	encoded := s.encode(schema.ValueType(), config)
	valid := call(s, s.server.ValidateDataResourceConfig, &tfprotov6.ValidateDataResourceConfigRequest{
		TypeName: name, Config: encoded,
	})
	if Diagnostics(valid.Diagnostics).HasError() {
		return nil, valid.Diagnostics
	}
	response := call(s, s.server.ReadDataSource, &tfprotov6.ReadDataSourceRequest{
		TypeName: name, Config: encoded,
	})
	return s.decode(response.State, schema.ValueType()), response.Diagnostics
}

// Open validates a configuration of the ephemeral certificate, and opens it.
func (s *Server) Open(config Values) (Values, Diagnostics) {
	s.t.Helper()
	schema := s.schema.EphemeralResourceSchemas[certificateType]
	encoded := s.encode(schema.ValueType(), config)
	valid := call(s, s.server.ValidateEphemeralResourceConfig, &tfprotov6.ValidateEphemeralResourceConfigRequest{
		TypeName: certificateType, Config: encoded,
	})
	if Diagnostics(valid.Diagnostics).HasError() {
		return nil, valid.Diagnostics
	}
	response := call(s, s.server.OpenEphemeralResource, &tfprotov6.OpenEphemeralResourceRequest{
		TypeName: certificateType, Config: encoded,
	})
	if Diagnostics(response.Diagnostics).HasError() { // Terraform then ignores the result
		return nil, response.Diagnostics
	}
	return s.decode(response.Result, schema.ValueType()), response.Diagnostics
}

// Listed is a certificate that the list resource found.
type Listed struct {
	DisplayName string
	Identity    Values
	// Values are nil unless they are asked for.
	Values Values
}

// List validates a configuration of the list resource, and lists.
func (s *Server) List(config Values, limit int64, includeResource bool) ([]Listed, Diagnostics) {
	s.t.Helper()
	//nolint:forcetypeassert,staticcheck // as Terraform finds it
	server := s.server.(tfprotov6.ProviderServerWithListResource)
	encoded := s.encode(s.schema.ListResourceSchemas[certificateType].ValueType(), config)
	valid := call(s, server.ValidateListResourceConfig, &tfprotov6.ValidateListResourceConfigRequest{
		TypeName: certificateType, Config: encoded,
	})
	if Diagnostics(valid.Diagnostics).HasError() {
		return nil, valid.Diagnostics
	}
	stream := call(s, server.ListResource, &tfprotov6.ListResourceRequest{
		TypeName: certificateType, Config: encoded, IncludeResource: includeResource, Limit: limit,
	})
	var all []Listed
	for result := range stream.Results {
		if Diagnostics(result.Diagnostics).HasError() {
			return all, result.Diagnostics
		}
		all = append(all, Listed{
			DisplayName: result.DisplayName,
			Identity:    s.decode(result.Identity.IdentityData, s.identity()),
			Values:      s.decode(result.Resource, s.resource()),
		})
	}
	return all, nil
}

// Stop stops the provider as Terraform does when the user interrupts it.
func (s *Server) Stop() {
	s.t.Helper()
	if response := call(s, s.server.StopProvider, &tfprotov6.StopProviderRequest{}); response.Error != "" {
		s.t.Fatal(response.Error)
	}
}

// call calls the provider. A user's mistake is a diagnostic, so an error fails the test.
func call[Request, Response any](
	s *Server, method func(context.Context, *Request) (*Response, error), request *Request,
) *Response {
	s.t.Helper()
	response, err := method(s.t.Context(), request)
	check(s.t, err)
	return response
}

// succeeded fails the test if a call that must succeed reports an error.
func (s *Server) succeeded(diagnostics Diagnostics) {
	s.t.Helper()
	if diagnostics.HasError() {
		s.t.Fatalf("%s: %s", diagnostics[0].Summary, diagnostics[0].Detail)
	}
}

func (s *Server) resource() tftypes.Type { return s.schema.ResourceSchemas[s.resourceType].ValueType() }

func (s *Server) identity() tftypes.Type { return s.identities[s.resourceType].ValueType() }

// propose merges a configuration into a state as Terraform does.
func (s *Server) propose(prior, config Values) Values {
	if config == nil {
		return nil
	}
	proposed := maps.Clone(config)
	for _, attribute := range s.schema.ResourceSchemas[s.resourceType].Block.Attributes {
		if attribute.WriteOnly {
			delete(proposed, attribute.Name)
		}
		if _, configured := config[attribute.Name]; configured || !attribute.Computed {
			continue
		}
		if prior == nil {
			proposed[attribute.Name] = Unknown
		} else if value, known := prior[attribute.Name]; known {
			proposed[attribute.Name] = value
		}
	}
	return proposed
}

func (s *Server) state(value *tfprotov6.DynamicValue, identity *tfprotov6.ResourceIdentityData, private []byte) *State {
	s.t.Helper()
	values := s.decode(value, s.resource())
	if values == nil {
		return nil
	}
	state := &State{Values: values, private: private}
	if identity != nil {
		state.Identity = s.decode(identity.IdentityData, s.identity())
	}
	return state
}

// encodeIdentity returns nil if there is no identity, as in a state that a CLI without identities
// has written.
func (s *Server) encodeIdentity(identity Values) *tfprotov6.ResourceIdentityData {
	s.t.Helper()
	if identity == nil {
		return nil
	}
	return &tfprotov6.ResourceIdentityData{IdentityData: s.encode(s.identity(), identity)}
}

func (s *Server) encode(kind tftypes.Type, values Values) *tfprotov6.DynamicValue {
	s.t.Helper()
	known, err := json.Marshal(values)
	check(s.t, err)
	value, err := tfprotov6.DynamicValue{JSON: known}.Unmarshal(kind) // which adds what is null
	check(s.t, err)
	value, err = tftypes.Transform(value, func(at *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		if configured, _, _ := tftypes.WalkAttributePath(values, at); configured == Unknown { // which is null in JSON
			v = tftypes.NewValue(v.Type(), tftypes.UnknownValue)
		}
		return v, nil
	})
	check(s.t, err)
	encoded, err := tfprotov6.NewDynamicValue(kind, value)
	check(s.t, err)
	return &encoded
}

func (s *Server) decode(encoded *tfprotov6.DynamicValue, kind tftypes.Type) Values {
	s.t.Helper()
	if encoded == nil {
		return nil
	}
	object, err := encoded.Unmarshal(kind)
	check(s.t, err)
	values, _ := s.decodeValue(object).(Values)
	return values
}

// decodeValue returns a value as Values have it: nil if it is null.
func (s *Server) decodeValue(value tftypes.Value) any {
	s.t.Helper()
	switch kind := value.Type(); {
	case value.IsNull():
		return nil
	case !value.IsKnown():
		return Unknown
	case kind.Is(tftypes.String):
		return decodeAs[string](s, value)
	case kind.Is(tftypes.Bool):
		return decodeAs[bool](s, value)
	case kind.Is(tftypes.Number):
		number := decodeAs[big.Float](s, value)
		integer, _ := number.Int64()
		return integer
	case kind.Equal(tftypes.List{ElementType: tftypes.String}):
		return decodeList[string](s, value)
	case kind.Is(tftypes.List{}):
		return decodeList[Values](s, value)
	}

	values := Values{}
	for name, field := range decodeAs[map[string]tftypes.Value](s, value) {
		if !field.IsNull() {
			values[name] = s.decodeValue(field)
		}
	}
	return values
}

func decodeList[Element any](s *Server, list tftypes.Value) []Element {
	s.t.Helper()
	elements := []Element{}
	for _, element := range decodeAs[[]tftypes.Value](s, list) {
		elements = append(elements, s.decodeValue(element).(Element)) //nolint:forcetypeassert // as its type says
	}
	return elements
}

func decodeAs[Target any](s *Server, value tftypes.Value) Target {
	s.t.Helper()
	var target Target
	check(s.t, value.As(&target))
	return target
}
