package main

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v2" // the parser of the sigs.k8s.io/yaml that Helm uses
)

// document is what one manifest says. Its body is JSON with the keys in the order of the text. Text that a reader of YAML
// should judge itself (an error, a repeated key, an alias, a number that JSON or a reader could round) is handed on as it
// is.
type document struct {
	Template string          `json:"template"`
	Body     json.RawMessage `json:"body,omitempty"`
	Text     string          `json:"text,omitempty"`
}

// Floats from here on are not all whole numbers any more.
const exactFloat = 1 << 53

// Deeper than any object of Kubernetes.
const maxDepth = 100

func documents(manifests []manifest) []document {
	found := []document{}
	for _, each := range manifests {
		if each.content == nil {
			found = append(found, document{Template: each.template, Text: each.text})
		} else if body, ok := each.content.(yaml.MapSlice); ok {
			found = append(found, encoded(each, body))
		}
	}
	return found
}

func encoded(from manifest, body yaml.MapSlice) document {
	if text, ok := object(make([]byte, 0, len(from.text)+len(from.text)/4), body, 0); ok {
		return document{Template: from.template, Body: text}
	}
	return document{Template: from.template, Text: from.text}
}

// nothing is what a document of comments says.
type nothing struct{}

// parsed returns an object's content as an ordered map, `nothing`, or nil when the text should be judged by others. It is
// read as it is printed, with an end of line, which a block of text takes for its own.
func parsed(text string) any {
	if odd(text) {
		return nil
	}
	lines := yaml.NewDecoder(strings.NewReader(text + "\n"))
	var content yaml.MapSlice
	if err := lines.Decode(&content); err == io.EOF {
		return nothing{}
	} else if err != nil || len(content) == 0 {
		return nil
	}
	// sigs.k8s.io/yaml would not see what follows the first document.
	if lines.Decode(new(any)) != io.EOF {
		return nil
	}
	return content
}

// odd says that a text may hold a merge, an anchor, an alias, a tag, or more than one document.
func odd(text string) bool {
	for _, sign := range []string{"<<:", "<< ", "<<\t", "<<\n", "\n%", "\n..."} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	if strings.HasPrefix(text, "%") || strings.HasPrefix(text, "---") || strings.HasPrefix(text, "...") {
		return true
	}
	for at := range len(text) {
		switch text[at] {
		case '!':
			if begins(text, at) {
				return true
			}
		case '&', '*': // a name of letters, digits, _ and - follows
			if begins(text, at) && at+1 < len(text) && (text[at+1] == '_' || text[at+1] == '-' || alphanumeric(text[at+1])) {
				return true
			}
		}
	}
	return false
}

// begins says that a word of YAML could begin here.
func begins(text string, at int) bool {
	return at == 0 || strings.IndexByte(" \t\n[{,:-?", text[at-1]) >= 0
}

func alphanumeric(char byte) bool {
	return char >= '0' && char <= '9' || char >= 'A' && char <= 'Z' || char >= 'a' && char <= 'z'
}

func object(to []byte, from yaml.MapSlice, depth int) ([]byte, bool) {
	if depth > maxDepth {
		return nil, false
	}
	seen := make(map[string]struct{}, len(from))
	to = append(to, '{')
	for index, item := range from {
		key, ok := word(item.Key)
		if _, repeated := seen[key]; repeated || !ok {
			return nil, false
		}
		seen[key] = struct{}{}
		if index > 0 {
			to = append(to, ',')
		}
		to = append(quoted(to, key), ':')
		if to, ok = value(to, item.Value, depth+1); !ok {
			return nil, false
		}
	}
	return append(to, '}'), true
}

// word turns a key into a string as sigs.k8s.io/yaml does.
func word(key any) (string, bool) {
	switch typed := key.(type) {
	case string:
		return typed, true
	case bool:
		return strconv.FormatBool(typed), true
	case int:
		return strconv.Itoa(typed), true
	}
	return "", false
}

func value(to []byte, from any, depth int) ([]byte, bool) {
	switch typed := from.(type) {
	case nil:
		return append(to, "null"...), true
	case string:
		return quoted(to, typed), true
	case bool:
		return strconv.AppendBool(to, typed), true
	case int:
		return strconv.AppendInt(to, int64(typed), 10), true
	case float64:
		return number(to, typed)
	case yaml.MapSlice:
		return object(to, typed, depth)
	case []any:
		return list(to, typed, depth)
	}
	return nil, false
}

func list(to []byte, from []any, depth int) ([]byte, bool) {
	if depth > maxDepth {
		return nil, false
	}
	to = append(to, '[')
	for index, item := range from {
		if index > 0 {
			to = append(to, ',')
		}
		var ok bool
		if to, ok = value(to, item, depth+1); !ok {
			return nil, false
		}
	}
	return append(to, ']'), true
}

func number(to []byte, from float64) ([]byte, bool) {
	if !(from > -exactFloat && from < exactFloat) {
		return nil, false
	}
	if whole := int64(from); float64(whole) == from {
		return strconv.AppendInt(to, whole, 10), true
	}
	return strconv.AppendFloat(to, from, 'g', -1, 64), true
}

const hex = "0123456789abcdef"

func quoted(to []byte, from string) []byte {
	to = append(to, '"')
	start := 0
	for at := 0; at < len(from); at++ {
		char := from[at]
		if char >= ' ' && char != '"' && char != '\\' {
			continue
		}
		to = append(to, from[start:at]...)
		start = at + 1
		switch char {
		case '"', '\\':
			to = append(to, '\\', char)
		case '\n':
			to = append(to, '\\', 'n')
		default:
			to = append(to, '\\', 'u', '0', '0', hex[char>>4], hex[char&15])
		}
	}
	return append(append(to, from[start:]...), '"')
}
