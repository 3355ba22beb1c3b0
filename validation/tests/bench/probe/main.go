// probe asks, from inside a pod, what the tests of the bench want to know. Every answer is one line; a refusal exits 1.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

const account = "/var/run/secrets/kubernetes.io/serviceaccount/"

func main() {
	switch os.Args[1] {
	case "serve":
		name, _ := os.Hostname()
		http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello from", name) })
		must(http.ListenAndServe(":8080", nil))
	case "lookup":
		addresses, err := net.LookupHost(os.Args[2])
		must(err)
		fmt.Println(addresses)
	case "get":
		answer, err := (&http.Client{Timeout: 5 * time.Second}).Get(os.Args[2])
		must(err)
		show(answer)
	case "whoami":
		whoami(os.Args[2])
	case "write":
		must(os.WriteFile(os.Args[2], []byte("written\n"), 0o600))
		fmt.Println("written")
	}
}

// whoami asks the API server at an address who the pod's token stands for.
func whoami(address string) {
	authority, err := os.ReadFile(account + "ca.crt")
	must(err)
	token, err := os.ReadFile(account + "token")
	must(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	review := `{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}`
	path := "https://" + address + "/apis/authentication.k8s.io/v1/selfsubjectreviews"
	request, err := http.NewRequest("POST", path, bytes.NewBufferString(review))
	must(err)
	request.Header.Set("Authorization", "Bearer "+string(token))
	request.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	answer, err := (&http.Client{Timeout: 5 * time.Second, Transport: transport}).Do(request)
	must(err)
	show(answer)
}

func show(answer *http.Response) {
	body, err := io.ReadAll(answer.Body)
	must(err)
	fmt.Println(answer.StatusCode, string(body))
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
