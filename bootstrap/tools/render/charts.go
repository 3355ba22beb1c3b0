package main

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"text/template"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
)

// How many charts are kept loaded; one takes less than a megabyte.
const maxCharts = 256

// store holds loaded charts by their content.
type store struct {
	sync.Mutex
	charts map[string]*loaded
	texts  texts // of all charts
}

// loaded is a chart as Helm read it, with what was made of it: never changed, renders work on a copy.
type loaded struct {
	once    sync.Once
	chart   *chart.Chart
	err     error
	parsed  sync.Map // names of the files -> *parsedSet
	settled bool     // its dependencies are processed, for they are the same with all values
	texts   *texts
	schemas sync.Map // text of a schema -> func() (*jsonschema.Schema, error)
}

type parsedSet struct {
	once  sync.Once
	names []string
	set   *template.Template
	err   error
}

func newStore() *store { return &store{charts: map[string]*loaded{}} }

func (s *store) get(of job) *loaded {
	key := of.Chart + "\x00" + of.Library + "\x00" + of.Content
	s.Lock()
	found, known := s.charts[key]
	if !known {
		if len(s.charts) >= maxCharts {
			clear(s.charts)
		}
		found = &loaded{texts: &s.texts}
		s.charts[key] = found
	}
	s.Unlock()
	found.once.Do(func() { found.prepare(of) })
	return found
}

func (l *loaded) prepare(of job) {
	l.chart, l.err = load(of.Chart, of.Library)
	if l.err == nil && !conditional(l.chart) && installable(l.chart) == nil {
		l.settled = chartutil.ProcessDependenciesWithMerge(l.chart, map[string]any{}) == nil
	}
}

// conditional says that values decide which dependencies a chart has.
func conditional(given *chart.Chart) bool {
	for _, each := range given.Metadata.Dependencies {
		if each.Condition != "" || len(each.Tags) > 0 {
			return true
		}
	}
	return slices.ContainsFunc(given.Dependencies(), conditional)
}

// load reads a chart as `helm template` does, with the library where `helm dependency build` would put it.
func load(from, library string) (*chart.Chart, error) {
	folder, err := os.MkdirTemp("", "leanrag-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	staged := filepath.Join(folder, filepath.Base(from))
	if err := lay(from, staged, "charts"); err != nil {
		return nil, err
	}
	if library != "" {
		if err := lay(library, filepath.Join(staged, "charts", filepath.Base(library)), ""); err != nil {
			return nil, err
		}
	}
	return loader.Load(staged)
}

// lay copies a folder, without what is named `without`.
func lay(from, to, without string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == without {
			continue
		}
		if err := layOne(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name()), without); err != nil {
			return err
		}
	}
	return nil
}

func layOne(from, to, without string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return lay(from, to, without)
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}

// copied returns a chart whose metadata, values and dependencies a render may change; its files are shared.
func copied(from *chart.Chart) *chart.Chart {
	to := *from
	metadata := *from.Metadata
	metadata.Dependencies = nil
	for _, each := range from.Metadata.Dependencies {
		dependency := *each
		metadata.Dependencies = append(metadata.Dependencies, &dependency)
	}
	to.Metadata = &metadata
	to.SetDependencies()
	for _, each := range from.Dependencies() {
		to.AddDependency(copied(each))
	}
	return &to
}

// compiled returns a chart's schema, compiled once.
func (l *loaded) compiled(schema []byte) (*jsonschema.Schema, error) {
	once, _ := l.schemas.LoadOrStore(string(schema), sync.OnceValues(func() (*jsonschema.Schema, error) {
		return compile(schema)
	}))
	return once.(func() (*jsonschema.Schema, error))()
}
