// Says how Kubernetes reads YAML: `table` prints the golden table of hostile texts, `answer` answers JSON strings, one a
// line on stdin. A row is [text, documents] or [text, null, reason]: apimachinery splits the stream as for kubectl and
// Argo CD, sigs.k8s.io/yaml reads each part strictly, and apimachinery makes every number an int64 or a float64.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	v2 "go.yaml.in/yaml/v2"
	numbers "k8s.io/apimachinery/pkg/util/json"
	stream "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: yaml-golden table | answer")
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	if os.Args[1] == "table" {
		for _, text := range texts() {
			fmt.Fprintln(out, row(text))
		}
		return
	}
	in := json.NewDecoder(os.Stdin)
	for {
		var text string
		if err := in.Decode(&text); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintln(out, row(text))
		out.Flush()
	}
}

func row(text string) string {
	documents, err := read(text)
	if err != nil {
		return encoded([]any{text, nil, err.Error()})
	}
	return encoded([]any{text, documents})
}

// read returns the documents of a stream that are not null.
func read(text string) (documents []any, err error) {
	documents = []any{}
	parts := stream.NewYAMLReader(bufio.NewReader(bytes.NewBufferString(text)))
	for {
		part, err := parts.Read()
		if errors.Is(err, io.EOF) {
			return documents, nil
		} else if err != nil {
			return nil, err
		}
		document, err := strictly(part, text)
		if err != nil {
			return nil, err
		}
		if document != nil {
			documents = append(documents, typed(document))
		}
	}
}

// strictly reads one part, without the line break that the splitter adds where a text has none at its end.
func strictly(part []byte, text string) (any, error) {
	whole := strings.ReplaceAll(text, "\r\n", "\n")
	if !strings.HasSuffix(whole, "\n") && strings.HasSuffix(whole, string(part[:len(part)-1])) {
		part = part[:len(part)-1]
	}
	var document any
	useNumber := func(d *json.Decoder) *json.Decoder { d.UseNumber(); return d }
	if err := yaml.UnmarshalStrict(part, &document, useNumber); err != nil {
		return nil, err
	}
	var loose any
	if err := v2.Unmarshal(part, &loose); err != nil || keys(loose) != keys(document) {
		return nil, fmt.Errorf("two keys are one in JSON, and which one counts is chance (%v)", err)
	}
	return document, numbers.ConvertInterfaceNumbers(&document, 0)
}

// keys returns the number of keys in a value: 1 and "1" are two before JSON, and one after.
func keys(value any) int {
	count := 0
	switch value := value.(type) {
	case map[any]any:
		for _, each := range value {
			count += 1 + keys(each)
		}
	case map[string]any:
		for _, each := range value {
			count += 1 + keys(each)
		}
	case []any:
		for _, each := range value {
			count += keys(each)
		}
	}
	return count
}

// typed returns a value in which a float64 shows itself as one in JSON: 1e+19, not 10000000000000000000.
func typed(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key := range value {
			value[key] = typed(value[key])
		}
	case []any:
		for index := range value {
			value[index] = typed(value[index])
		}
	case float64:
		return json.Number(strconv.FormatFloat(value, 'e', -1, 64))
	}
	return value
}

func encoded(value any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		log.Fatal(err)
	}
	line := bytes.TrimRight(out.Bytes(), "\n")
	if !utf8.Valid(line) {
		log.Fatalf("not UTF-8: %q", line)
	}
	return string(line)
}
