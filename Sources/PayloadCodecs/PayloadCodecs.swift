// PayloadCodecs: body bytes ↔ values.
//
// Owns the syntax of everything that travels inside a message: JSON and JSON5 (`JSON*`), YAML
// (`YAML/`), forms (`Forms/`), Base64, gzip (`Gzip/`), tar (`Tar/`), digests (`Digests/`),
// and how text is told apart and sorted, everywhere (`Text/`).
// Refuses to know messages, services and files (of `HTTPModel` it takes what bytes mean: hexadecimal
// digits and percent-coding): bytes come in as arrays or spans, values and typed
// errors go out, each reader with its own small error enum. Every reader has limits, and nothing
// in its input can trap the process.
//
// Unsafe code lives in `Gzip/`, where zlib is called, and in `Text/ExactText.swift`, which compares bytes.
// Read next: `Tar/PackageArchiveReader.swift` for the layers working together.
