package main

import (
	"encoding/json"
	"path"
	"slices"
	"strconv"
	"strings"

	goyaml "go.yaml.in/yaml/v2"
	"helm.sh/helm/v3/pkg/releaseutil"
	"sigs.k8s.io/yaml"
)

// manifest is one document of a render: the template that it came from, its text, and what that says (see parsed).
type manifest struct {
	template, text string
	content        any
}

// ordered splits the files of a render and sorts what is in them as `helm template` prints it: objects, then hooks.
//
// Helm parses every document to learn its kind and its hook. Ours are parsed already, so Helm is given their heads only,
// or all of them when one is wrong, for the words to say so.
func ordered(files map[string]string) (manifests, hooks []manifest, err error) {
	found, heads := split(files)
	if heads == nil {
		return asHelm(files)
	}
	foundHooks, sorted, err := releaseutil.SortManifests(heads, nil, releaseutil.InstallOrder)
	if err != nil {
		return asHelm(files)
	}
	for _, each := range sorted {
		manifests = append(manifests, found[position(each.Content)])
	}
	for _, each := range foundHooks {
		hooks = append(hooks, found[position(each.Manifest)])
	}
	return manifests, hooks, nil
}

func asHelm(files map[string]string) (manifests, hooks []manifest, err error) {
	foundHooks, sorted, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	for _, each := range sorted {
		manifests = append(manifests, manifest{each.Name, each.Content, parsed(each.Content)})
	}
	for _, each := range foundHooks {
		hooks = append(hooks, manifest{each.Path, each.Manifest, parsed(each.Manifest)})
	}
	return manifests, hooks, err
}

// split returns all documents, and for each file their heads with their positions; no heads when one has none.
func split(files map[string]string) ([]manifest, map[string]string) {
	found := []manifest{}
	heads := make(map[string]string, len(files))
	for name, text := range files {
		if strings.TrimSpace(text) == "" || strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		lines := []string{}
		for _, each := range entries(text) {
			content := parsed(each)
			line, err := head(each, content, len(found))
			if err != nil {
				return nil, nil
			}
			found = append(found, manifest{name, each, content})
			lines = append(lines, line)
		}
		heads[name] = strings.Join(lines, "\n---\n")
	}
	return found, heads
}

func entries(text string) []string {
	if trimmed := strings.TrimSpace(text); !strings.HasPrefix(trimmed, "---") && !strings.Contains(trimmed, "\n---") {
		return []string{trimmed}
	}
	parts := releaseutil.SplitManifests(text)
	keys := make([]string, 0, len(parts))
	for key := range parts {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if releaseutil.BySplitManifestsOrder.Less([]string{a, b}, 0, 1) {
			return -1
		}
		return 1
	})
	for index, key := range keys {
		keys[index] = parts[key]
	}
	return keys
}

// numbered is what Helm reads of a document, and which one it was.
type numbered struct {
	releaseutil.SimpleHead
	Position int `json:"position"`
}

func position(head string) int {
	number, _ := strconv.Atoi(strings.TrimRight(head[strings.LastIndexByte(head, ':')+1:], "}"))
	return number
}

// head returns what Helm reads of a document, as a document of its own.
func head(text string, content any, at int) (string, error) {
	found, ok := ordinary(content)
	if !ok {
		if err := yaml.Unmarshal([]byte(text), &found); err != nil {
			return "", err
		}
	}
	line, err := json.Marshal(numbered{found, at})
	return string(line), err
}

// ordinary reads the head of an object where all of it is text under names written exactly.
func ordinary(content any) (head releaseutil.SimpleHead, ok bool) {
	object, ok := content.(goyaml.MapSlice)
	for _, item := range object {
		switch name, _ := item.Key.(string); {
		case name == "apiVersion":
			head.Version, ok = item.Value.(string)
		case name == "kind":
			head.Kind, ok = item.Value.(string)
		case name == "metadata":
			ok = named(&head, item.Value)
		default:
			ok = !foldsTo(name, "apiVersion", "kind", "metadata")
		}
		if !ok {
			return releaseutil.SimpleHead{}, false
		}
	}
	return head, ok
}

func named(head *releaseutil.SimpleHead, content any) bool {
	object, ok := content.(goyaml.MapSlice)
	head.Metadata = &struct {
		Name        string            `json:"name"`
		Annotations map[string]string `json:"annotations"`
	}{}
	for _, item := range object {
		switch name, _ := item.Key.(string); {
		case name == "name":
			head.Metadata.Name, ok = item.Value.(string)
		case name == "annotations":
			head.Metadata.Annotations, ok = annotations(item.Value)
		default:
			ok = !foldsTo(name, "name", "annotations")
		}
		if !ok {
			return false
		}
	}
	return ok
}

func annotations(content any) (map[string]string, bool) {
	object, ok := content.(goyaml.MapSlice)
	found := make(map[string]string, len(object))
	for _, item := range object {
		name, isWord := item.Key.(string)
		value, isText := item.Value.(string)
		found[name], ok = value, ok && isWord && isText
	}
	return found, ok
}

// foldsTo says that encoding/json would take a key for one of these names though it is written otherwise.
func foldsTo(key string, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(key, name) })
}
