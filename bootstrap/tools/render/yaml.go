package main

import (
	"sync"
	_ "unsafe" // for go:linkname
)

//go:linkname fromYAML helm.sh/helm/v3/pkg/engine.fromYAML
func fromYAML(text string) map[string]any

// How long a text may be that is remembered, and all of them together; what they say takes ten times as much.
const (
	maxLength = 8 << 10
	maxTexts  = 2 << 20
)

// texts remembers what YAML texts say: our templates hand maps on as text, the same ones again and again.
type texts struct {
	sync.RWMutex
	said  map[string]map[string]any
	bytes int
}

// fromYaml is Helm's function of that name; the template gets a copy, because it may change it.
func (t *texts) fromYaml(text string) map[string]any {
	if len(text) > maxLength {
		return fromYAML(text)
	}
	t.RLock()
	found, known := t.said[text]
	t.RUnlock()
	if !known {
		found = fromYAML(text)
		t.remember(text, found)
	}
	return twin(found).(map[string]any)
}

func (t *texts) remember(text string, says map[string]any) {
	t.Lock()
	defer t.Unlock()
	t.bytes += len(text)
	if t.said == nil || t.bytes > maxTexts {
		t.said, t.bytes = map[string]map[string]any{}, len(text)
	}
	t.said[text] = says
}

// twin copies what JSON can hold.
func twin(of any) any {
	switch typed := of.(type) {
	case map[string]any:
		if typed == nil {
			return typed
		}
		made := make(map[string]any, len(typed))
		for key, value := range typed {
			made[key] = twin(value)
		}
		return made
	case []any:
		if typed == nil {
			return typed
		}
		made := make([]any, len(typed))
		for index, value := range typed {
			made[index] = twin(value)
		}
		return made
	}
	return of
}
