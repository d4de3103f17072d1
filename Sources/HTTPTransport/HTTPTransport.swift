// HTTPTransport: sockets, event loops, timers, back-pressure; the server and a small client.
//
// Owns: every system call (`SystemCalls.swift`, nowhere else), one epoll loop per thread
// (`EventLoop.swift`), the connections on it, and the performing of pauses and faults that were
// decided above. A connection lives on one loop for life and needs no lock.
// Refuses to know: the syntax of HTTP (HTTPWire), what a request means (`Responder`).
// Read next: `HTTPServer.swift` (how it starts and stops), `EventLoop.swift`, `Connection.swift`
// and its extensions in the order Reading, Answering, Sending, Closing.
