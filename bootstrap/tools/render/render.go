package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/pkg/errors"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/strvals"
	"sigs.k8s.io/yaml"
)

func (s *store) answer(to job) (given answer) {
	defer func() {
		if problem := recover(); problem != nil {
			given = answer{ID: to.ID, Defect: fmt.Sprint(problem)}
		}
	}()
	manifests, hooks, err := s.manifests(to)
	if err != nil {
		return answer{ID: to.ID, Error: err.Error()}
	}
	if to.Want == "documents" {
		return answer{ID: to.ID, Documents: documents(append(manifests, hooks...))}
	}
	text := printed(manifests, hooks)
	return answer{ID: to.ID, Text: &text}
}

// printed is what `helm template` (cmd/helm/template.go) prints.
func printed(manifests, hooks []manifest) string {
	text := strings.TrimSpace(joined(manifests)) + "\n"
	return text + joined(hooks)
}

func joined(manifests []manifest) string {
	var text strings.Builder
	for _, each := range manifests {
		fmt.Fprintf(&text, "---\n# Source: %s\n%s\n", each.template, each.text)
	}
	return text.String()
}

// manifests does what `helm template` does with a chart, in its order, so that the first of several errors is the same.
func (s *store) manifests(of job) (manifests, hooks []manifest, err error) {
	kubeVersion, err := chartutil.ParseKubeVersion(of.KubeVersion)
	if err != nil {
		return nil, nil, fmt.Errorf("invalid kube version '%s': %s", of.KubeVersion, err)
	}
	given, err := merged(of)
	if err != nil {
		return nil, nil, err
	}
	kept := s.get(of)
	if kept.err != nil {
		return nil, nil, kept.err
	}
	ours := kept.chart
	if err := installable(ours); err != nil {
		return nil, nil, err
	}
	if err := chartutil.ValidateReleaseName(of.Release); err != nil {
		return nil, nil, errors.Wrapf(err, "release name %q", of.Release)
	}
	if !kept.settled {
		ours = copied(ours)
		if err := chartutil.ProcessDependenciesWithMerge(ours, given); err != nil {
			return nil, nil, err
		}
	}
	able := chartutil.DefaultCapabilities.Copy()
	able.KubeVersion = *kubeVersion
	release := chartutil.ReleaseOptions{Name: of.Release, Namespace: of.Namespace, Revision: 1, IsInstall: true}
	values, err := chartutil.ToRenderValuesWithSchemaValidation(ours, given, release, able, true)
	if err != nil {
		return nil, nil, err
	}
	if err := kept.validate(ours, values["Values"].(chartutil.Values)); err != nil {
		return nil, nil, err
	}
	manifests, hooks, err = kept.sorted(ours, values, able)
	if err != nil {
		err = fmt.Errorf("%w\n\nUse --debug flag to render out invalid YAML", err)
	}
	return manifests, hooks, err
}

// installable refuses what cmd/helm/install.go refuses.
func installable(given *chart.Chart) error {
	if kind := given.Metadata.Type; kind != "" && kind != "application" {
		return errors.Errorf("%s charts are not installable", kind)
	}
	var missing []string
	present := map[string]bool{}
	for _, each := range given.Dependencies() {
		present[each.Name()] = true
	}
	for _, each := range given.Metadata.Dependencies {
		if !present[each.Name] {
			missing = append(missing, each.Name)
		}
	}
	if missing == nil {
		return nil
	}
	err := errors.Errorf("found in Chart.yaml, but missing in charts/ directory: %s", strings.Join(missing, ", "))
	return errors.Wrap(err, "An error occurred while checking for chart dependencies. "+
		"You may need to run `helm dependency build` to fetch missing dependencies")
}

// sorted renders and puts documents into the order in which Helm installs them (pkg/action/action.go).
func (l *loaded) sorted(of *chart.Chart, values chartutil.Values, able *chartutil.Capabilities) (manifests, hooks []manifest, err error) {
	if wanted := of.Metadata.KubeVersion; wanted != "" && !chartutil.IsCompatibleRange(wanted, able.KubeVersion.String()) {
		return nil, nil, errors.Errorf("chart requires kubeVersion: %s which is incompatible with Kubernetes %s",
			wanted, able.KubeVersion.String())
	}
	files, err := l.render(of, values)
	if err != nil {
		return nil, nil, err
	}
	for name := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			delete(files, name)
		}
	}
	return ordered(files)
}

// merged lays value files and parameters over each other as pkg/cli/values does.
func merged(of job) (map[string]any, error) {
	base := map[string]any{}
	for _, each := range of.Values {
		text := []byte(each.Text)
		if each.File != "" {
			read, err := os.ReadFile(each.File)
			if err != nil {
				return nil, err
			}
			text = read
		}
		layer := map[string]any{}
		if err := yaml.Unmarshal(text, &layer); err != nil {
			return nil, errors.Wrapf(err, "failed to parse %s", each.File)
		}
		base = overlaid(base, layer)
	}
	for _, each := range of.SetString {
		if err := strvals.ParseIntoString(each, base); err != nil {
			return nil, errors.Wrap(err, "failed parsing --set-string data")
		}
	}
	return base, nil
}

func overlaid(under, over map[string]any) map[string]any {
	both := make(map[string]any, len(under))
	for key, value := range under {
		both[key] = value
	}
	for key, value := range over {
		table, isTable := value.(map[string]any)
		below, hasTable := both[key].(map[string]any)
		if isTable && hasTable {
			value = overlaid(below, table)
		}
		both[key] = value
	}
	return both
}
