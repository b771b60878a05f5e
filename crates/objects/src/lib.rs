//! Storage profiles, locations and file I/O on local files, memory and S3.
