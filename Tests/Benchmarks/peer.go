// The peer in Go: net/http and encoding/json as one would write it, nothing tuned against the habits of
// the language. GET /health and, after 100 ms, /late; POST /api/v1/task/status among 10,000 tasks; topics with fan-out.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

type status struct {
	TaskID             string `json:"taskId"`
	UserID             string `json:"userId"`
	WorkspaceID        string `json:"workspaceId"`
	State              string `json:"state"`
	StatusMessage      string `json:"statusMessage"`
	Output             string `json:"output"`
	TaskCreatedOn      string `json:"taskCreatedOn"`
	TaskLastModifiedOn string `json:"taskLastModifiedOn"`
	TaskType           string `json:"taskType"`
}

type taskAnswer struct {
	Status status         `json:"status"`
	Data   map[string]any `json:"data"`
}

type topic struct {
	lock    sync.Mutex
	readers map[chan []byte]struct{}
}

func answer(w http.ResponseWriter, code int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), 500)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	w.Write(body)
}

func main() {
	const count = 10000
	tasks := make(map[string]*taskAnswer, count)
	// Made when they are asked for: a start is measured, too.
	var made sync.Once
	makeTasks := func() {
		for i := 0; i < count; i++ {
			id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
			tasks[id] = &taskAnswer{
				status{id, "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222",
					"succeeded", "", "{}", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "internal"},
				map[string]any{"name": fmt.Sprintf("task %d", i)}}
		}
	}
	topics := map[string]*topic{}
	var lock sync.Mutex
	find := func(name string) *topic {
		lock.Lock()
		defer lock.Unlock()
		if topics[name] == nil {
			topics[name] = &topic{readers: map[chan []byte]struct{}{}}
		}
		return topics[name]
	}

	http.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, map[string]any{"status": "ok", "version": "1.0.0", "tasks": count})
	})
	http.HandleFunc("/late", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(100 * time.Millisecond)
		answer(w, 200, map[string]any{"status": "ok"})
	})
	http.HandleFunc("/api/v1/task/status", func(w http.ResponseWriter, r *http.Request) {
		var question struct {
			TaskID string `json:"taskId"`
		}
		if err := json.NewDecoder(r.Body).Decode(&question); err != nil {
			answer(w, 400, map[string]string{"error": "not JSON"})
			return
		}
		made.Do(makeTasks)
		if task := tasks[question.TaskID]; task != nil {
			answer(w, 200, task)
		} else {
			answer(w, 404, map[string]string{"error": "no such task"})
		}
	})
	http.HandleFunc("/topic/", func(w http.ResponseWriter, r *http.Request) {
		t := find(strings.TrimPrefix(r.URL.Path, "/topic/"))
		if r.Method == "POST" {
			lines, _ := io.ReadAll(r.Body)
			t.lock.Lock()
			for reader := range t.readers {
				reader <- lines // the slowest reader holds the writer, as it does in ours
			}
			t.lock.Unlock()
			answer(w, 200, map[string]string{})
			return
		}
		reader := make(chan []byte, 64)
		t.lock.Lock()
		t.readers[reader] = struct{}{}
		t.lock.Unlock()
		w.WriteHeader(200)
		flusher := w.(http.Flusher)
		flusher.Flush()
		for {
			select {
			case lines := <-reader:
				w.Write(lines)
				for more := true; more; { // what waits already leaves with the same flush
					select {
					case lines = <-reader:
						w.Write(lines)
					default:
						more = false
					}
				}
				flusher.Flush()
			case <-r.Context().Done():
				go func() { // a writer may be about to send
					for range reader {
					}
				}()
				t.lock.Lock()
				delete(t.readers, reader)
				t.lock.Unlock()
				close(reader)
				return
			}
		}
	})
	fmt.Fprintln(os.Stderr, http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
