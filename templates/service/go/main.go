// A service behind Strata's gateway. What it is told: PORT and HOST; JWT_KEY_FILE, JWT_ISSUER and JWT_AUDIENCE when the
// settings say "verifiesTokens: true"; DATABASE_URL_FILE when they say "database: true".
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// A request that is refused; the caller is shown the message.
type notAllowed struct {
	status        int
	code, message string
}

func (e notAllowed) Error() string { return e.message }

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	stopped, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	pool, err := openDatabase(stopped)
	if err != nil {
		slog.Error("no database", "error", err)
		os.Exit(1)
	}
	address := net.JoinHostPort(variable("HOST", "0.0.0.0"), variable("PORT", "8001"))
	listener, err := net.Listen("tcp", address)
	if err != nil {
		slog.Error("cannot listen", "error", err)
		os.Exit(1)
	}
	slog.Info("listening on " + address)
	server := &http.Server{Handler: logged(routes(pool)), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		slog.Error("stopped listening", "error", err)
		os.Exit(1)
	case <-stopped.Done():
	}
	slog.Info("stopping")
	// Takes no new requests and finishes those that it has.
	limit, cancel := context.WithTimeout(context.Background(), 9*time.Second)
	defer cancel()
	_ = server.Shutdown(limit)
	if pool != nil {
		pool.Close()
	}
}

func routes(pool *database) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if !pool.answers(r.Context()) {
			reply(w, http.StatusServiceUnavailable, "no database")
			return
		}
		reply(w, http.StatusOK, "ok")
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]string{"hello": "world"})
	})
	mux.HandleFunc("GET /whoami", func(w http.ResponseWriter, r *http.Request) {
		caller, err := callerOf(r.Header.Get("Authorization"))
		if err != nil {
			refuse(w, err)
			return
		}
		said, err := pool.whoami(r.Context(), caller)
		if err != nil {
			refuse(w, err)
			return
		}
		reply(w, http.StatusOK, map[string]any{"caller": caller, "database": said})
	})
	return mux
}

func refuse(w http.ResponseWriter, err error) {
	var known notAllowed
	if !errors.As(err, &known) {
		slog.Error("failed", "error", err)
		known = notAllowed{http.StatusInternalServerError, "internal", "This is a mistake of ours."}
	}
	reply(w, known.status, map[string]any{
		"error": map[string]string{"code": known.code, "message": known.message},
	})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// One line for each request, without its query, which may hold what nobody should read in a log.
func logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		seen := &recorder{w, http.StatusOK}
		next.ServeHTTP(seen, r)
		if r.URL.Path == "/healthz" {
			return
		}
		slog.Info("request", "requestId", r.Header.Get("X-Request-Id"), "tenant", r.Header.Get("X-Strata-Tenant"),
			"method", r.Method, "path", r.URL.Path, "status", seen.status, "ms", time.Since(started).Milliseconds())
	})
}

func variable(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
