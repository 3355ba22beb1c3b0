// Hands every connection on from --port to --vllm-port of this pod: it stands on a bench where llm-d's routing sidecar
// stands in a cluster. It sends nothing to a prefill pod, and takes the sidecar's other arguments without using them.
package main

import (
	"io"
	"log"
	"net"
	"os"
	"strings"
)

func main() {
	front, err := net.Listen("tcp", ":"+argument("--port="))
	if err != nil {
		log.Fatal(err)
	}
	for {
		client, err := front.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go relay(client, "127.0.0.1:"+argument("--vllm-port="))
	}
}

func argument(name string) string {
	for _, word := range os.Args[1:] {
		if value, found := strings.CutPrefix(word, name); found {
			return value
		}
	}
	log.Fatalf("%s is missing", name)
	return ""
}

func relay(client net.Conn, address string) {
	defer client.Close()
	engine, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer engine.Close()
	go func() {
		_, _ = io.Copy(engine, client)
		_ = engine.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(client, engine)
}
