package main

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// What Helm calls every schema (pkg/chartutil/jsonschema.go); its messages begin with it.
const schemaURL = "file:///values.schema.json"

var errLoad = errors.New("a reference to another file")

// compile prepares a schema that refers to itself only; Helm is asked about others.
func compile(text []byte) (*jsonschema.Schema, error) {
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(refusing{})
	if err := compiler.AddResource(schemaURL, schema); err != nil {
		return nil, err
	}
	return compiler.Compile(schemaURL)
}

type refusing struct{}

func (refusing) Load(string) (any, error) { return nil, errLoad }

// validate says what Helm says of values that the schemas of a chart and of its dependencies refuse. What cannot be told
// from a compiled schema alone, Helm's own function tells.
func (l *loaded) validate(of *chart.Chart, values map[string]any) error {
	if l.accepts(of, values) {
		return nil
	}
	if err := chartutil.ValidateAgainstSchema(of, values); err != nil {
		return fmt.Errorf("values don't meet the specifications of the schema(s) in the following chart(s):\n%s", err)
	}
	return nil
}

func (l *loaded) accepts(of *chart.Chart, values map[string]any) (good bool) {
	defer func() { good = good && recover() == nil }()
	if of.Schema != nil {
		schema, err := l.compiled(of.Schema)
		if err != nil || schema.Validate(chartutil.Values(values).AsMap()) != nil {
			return false
		}
	}
	for _, child := range of.Dependencies() {
		given := values[child.Name()]
		if given == nil {
			continue
		}
		table, ok := given.(map[string]any)
		if !ok || !l.accepts(child, table) {
			return false
		}
	}
	return true
}
