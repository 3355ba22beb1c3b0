// Serves llm-d-inference-sim on one address.
//
// The upstream program (github.com/llm-d/llm-d-inference-sim v0.10.2, cmd/llm-d-inference-sim) listens on every
// interface: fine in a pod, not on a laptop. This one reads the same flags, and listens on $LEANRAG_LISTEN_HOST
// (default 127.0.0.1) with the configured --port. It serves HTTP only; the upstream gRPC side is left out.
//
// With $VLLM_API_KEY it asks for that key as vLLM does: 401 under /v1 without it, while /health and /metrics stay open.
package main

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/llm-d/llm-d-inference-sim/pkg/common"
	"github.com/llm-d/llm-d-inference-sim/pkg/communication"
	vllmsim "github.com/llm-d/llm-d-inference-sim/pkg/llm-d-inference-sim"
	"k8s.io/klog/v2"
)

// How long open requests may take to end after SIGTERM; upstream allows 30 s.
const drainTimeout = 5 * time.Second

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	logger := klog.Background()
	ctx, stop := signal.NotifyContext(klog.NewContext(context.Background(), logger), os.Interrupt, syscall.SIGTERM)
	defer stop()
	config, err := common.ParseCommandParamsAndLoadConfig()
	if err != nil {
		return err
	}
	simulators, err := vllmsim.Start(ctx, config, logger)
	if err != nil {
		return err
	}
	if len(simulators) != 1 {
		return fmt.Errorf("--data-parallel-size %d: this program serves one rank", len(simulators))
	}
	return serve(ctx, stop, simulators[0], config.Port, logger)
}

func serve(ctx context.Context, stop func(), simulator *vllmsim.VllmSimulator, port int, logger klog.Logger) error {
	host := os.Getenv("LEANRAG_LISTEN_HOST")
	if host == "" {
		host = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	logger.Info("Listening", "address", listener.Addr().String())
	if key := os.Getenv("VLLM_API_KEY"); key != "" {
		if listener, err = guard(listener, key); err != nil {
			return err
		}
	}
	go func() {
		<-ctx.Done()
		listener.Close() // ends StartHTTPServer
	}()
	err = communication.New(logger, simulator).StartHTTPServer(ctx, listener)
	if ctx.Err() == nil { // it ended by itself: that is the error
		return fmt.Errorf("the HTTP server ended: %w", err)
	}
	stop() // a second signal ends the program at once
	for deadline := time.Now().Add(drainTimeout); simulator.OpenRequests() > 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	simulator.Stop()
	return nil
}

// guard answers on the outer listener and hands on what carries the key; it returns the listener to serve behind it.
func guard(outer net.Listener, key string) (net.Listener, error) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: inner.Addr().String()})
	proxy.FlushInterval = -1 // a token is sent when it is there
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 256}
	wanted := []byte("Bearer " + key)
	check := func(w http.ResponseWriter, r *http.Request) {
		given := []byte(r.Header.Get("Authorization"))
		if strings.HasPrefix(r.URL.Path, "/v1") && subtle.ConstantTimeCompare(given, wanted) != 1 {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"Unauthorized"}`)
			return
		}
		proxy.ServeHTTP(w, r)
	}
	server := &http.Server{Handler: http.HandlerFunc(check), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(outer) }() // ends with the process
	return inner, nil
}
