// Renders charts with Helm's own library: one process for many Applications.
//
// Jobs are lines of JSON on stdin, answers lines of JSON on stdout in the order in which they are ready. A job's text is
// what `helm template` of the same version prints, byte for byte, and its error what that prints after "Error: ". A chart
// is loaded, and its templates and schemas are parsed, once. GOMAXPROCS jobs run at a time.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

// Renders make much that lives for milliseconds, so the heap may grow to five times what is live, up to this many bytes.
const (
	growth      = 400
	memoryLimit = 256 << 20
)

type job struct {
	ID          int      `json:"id"`
	Chart       string   `json:"chart"`   // folder
	Library     string   `json:"library"` // folder of the library chart, laid in as a dependency; empty: none
	Content     string   `json:"content"` // changes whenever a file of the chart or of the library does
	Release     string   `json:"release"` // name
	Namespace   string   `json:"namespace"`
	KubeVersion string   `json:"kubeVersion"`
	Values      []values `json:"values"`    // weakest first
	SetString   []string `json:"setString"` // as for --set-string
	Want        string   `json:"want"`      // text or documents
}

// values is a file or, without one, a YAML text.
type values struct {
	File string `json:"file"`
	Text string `json:"text"`
}

// answer holds one of these; a defect is ours, an error is what Helm says.
type answer struct {
	ID        int        `json:"id"`
	Text      *string    `json:"text,omitempty"`
	Documents []document `json:"documents,omitzero"`
	Error     string     `json:"error,omitempty"`
	Defect    string     `json:"defect,omitempty"`
}

func main() {
	log.SetOutput(io.Discard) // Helm's warnings, of which nobody could say whose they are
	debug.SetGCPercent(growth)
	debug.SetMemoryLimit(memoryLimit)
	if err := serve(os.Stdin, os.Stdout, runtime.GOMAXPROCS(0)); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// serve answers jobs until there are no more. It reads ahead, so a client that writes all its jobs first is not blocked.
func serve(in io.Reader, out io.Writer, workers int) error {
	jobs := make(chan job, 1024)
	answers := make(chan answer, workers)
	charts := newStore()
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for each := range jobs {
				answers <- charts.answer(each)
			}
		})
	}
	written := make(chan error, 1)
	go func() { written <- write(out, answers) }()
	err := read(in, jobs)
	close(jobs)
	working.Wait()
	close(answers)
	if failed := <-written; err == nil {
		err = failed
	}
	return err
}

func read(in io.Reader, jobs chan<- job) error {
	lines := json.NewDecoder(bufio.NewReaderSize(in, 1<<16))
	for {
		var next job
		if err := lines.Decode(&next); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("a job that cannot be read: %w", err)
		}
		jobs <- next
	}
}

// write goes on reading answers when nobody takes them any more, so that the workers can end.
func write(out io.Writer, answers <-chan answer) error {
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	var failed error
	for each := range answers {
		if failed == nil {
			failed = lines.Encode(each)
		}
	}
	return failed
}
