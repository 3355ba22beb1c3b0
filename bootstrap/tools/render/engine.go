package main

import (
	"path"
	"strings"
	"text/template"
	_ "unsafe" // for go:linkname

	"github.com/pkg/errors"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

// Helm's engine parses all templates anew for every render, which is most of a render's time. This one keeps the parsed
// templates and takes all else from Helm (v3.19.5, pkg/engine/engine.go), whose functions for it have no public name.
// The types and the order of things must be those of the pinned version; the tests compare every byte.

// renderable has the fields of engine.renderable.
type renderable struct {
	tpl      string
	vals     chartutil.Values
	basePath string
}

//go:linkname allTemplates helm.sh/helm/v3/pkg/engine.allTemplates
func allTemplates(c *chart.Chart, vals chartutil.Values) map[string]renderable

//go:linkname sortTemplates helm.sh/helm/v3/pkg/engine.sortTemplates
func sortTemplates(tpls map[string]renderable) []string

//go:linkname initFunMap helm.sh/helm/v3/pkg/engine.Engine.initFunMap
func initFunMap(e engine.Engine, t *template.Template)

//go:linkname cleanupParseError helm.sh/helm/v3/pkg/engine.cleanupParseError
func cleanupParseError(filename string, err error) error

//go:linkname cleanupExecError helm.sh/helm/v3/pkg/engine.cleanupExecError
func cleanupExecError(filename string, err error) error

// render returns the text of every template by its name, as engine.Render does.
func (l *loaded) render(of *chart.Chart, values chartutil.Values) (rendered map[string]string, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = errors.Errorf("rendering template failed: %v", problem)
		}
	}()
	files := allTemplates(of, values)
	parsed := l.templates(files)
	if parsed.err != nil {
		return nil, parsed.err
	}
	set, err := parsed.set.Clone()
	if err != nil {
		return nil, err
	}
	set.Option("missingkey=zero") // a clone forgets it (golang/go#43022)
	initFunMap(engine.Engine{}, set)
	set.Funcs(template.FuncMap{"fromYaml": l.texts.fromYaml})
	rendered = make(map[string]string, len(parsed.names))
	for _, name := range parsed.names {
		if strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		context := files[name].vals
		context["Template"] = chartutil.Values{"Name": name, "BasePath": files[name].basePath}
		var text strings.Builder
		if err := set.ExecuteTemplate(&text, name, context); err != nil {
			return nil, cleanupExecError(name, err)
		}
		rendered[name] = strings.ReplaceAll(text.String(), "<no value>", "")
	}
	return rendered, nil
}

// templates parses files once; which ones there are depends on the values that switch dependencies on.
func (l *loaded) templates(files map[string]renderable) *parsedSet {
	names := sortTemplates(files)
	kept, _ := l.parsed.LoadOrStore(strings.Join(names, "\x00"), &parsedSet{names: names})
	parsed := kept.(*parsedSet)
	parsed.once.Do(func() {
		parsed.set = template.New("gotpl").Option("missingkey=zero")
		initFunMap(engine.Engine{}, parsed.set)
		for _, name := range parsed.names {
			if _, err := parsed.set.New(name).Parse(files[name].tpl); err != nil {
				parsed.err = cleanupParseError(name, err)
				return
			}
		}
	})
	return parsed
}
