//! Runs the binary with an environment that has nothing of the test's own.

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// The outcome of a run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The command to start the binary in an environment of only these variables.
pub(crate) fn command(words: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lakekeeper"));
    command.args(words).env_clear();
    command.envs(variables.iter().copied());
    command
}

/// Runs the binary until it ends.
pub(crate) fn run(words: &[&str], variables: &[(&str, &str)]) -> Run {
    let Output {
        status,
        stdout,
        stderr,
    } = command(words, variables).output().unwrap();
    Run {
        status: status.code().expect("the binary is not killed"),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

/// A running server, which is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Server {
    /// Starts the binary.
    pub(crate) fn start(words: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = command(words, variables);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line of standard output that contains `text`; earlier lines are discarded.
    pub(crate) fn line_with(&mut self, text: &str) -> String {
        let found = self
            .lines
            .by_ref()
            .map(Result::unwrap)
            .find(|line| line.contains(text));
        found.unwrap_or_else(|| panic!("ended without `{text}`: {}", self.complaint()))
    }

    fn complaint(&mut self) -> String {
        let mut text = String::new();
        let stderr = self.child.stderr.as_mut().unwrap();
        stderr.read_to_string(&mut text).unwrap();
        text
    }

    /// Sends SIGTERM, as an orchestrator does, and returns the exit status.
    pub(crate) fn terminate(mut self) -> i32 {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        self.child
            .wait()
            .unwrap()
            .code()
            .expect("it ends by itself")
    }

    /// Sends SIGKILL, so that the server ends as abruptly as in a power cut.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The id of the process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Status line and body of an answer to a GET.
pub(crate) fn get(address: &str, path: &str) -> (String, String) {
    send("GET", address, path, "")
}

/// Status line and body of an answer to a request with a JSON body.
pub(crate) fn send(method: &str, address: &str, path: &str, body: &str) -> (String, String) {
    send_with("", (method, address, path), body)
}

/// Like [`send`], with further headers, each ended by a line break.
pub(crate) fn send_with(
    headers: &str,
    (method, address, path): (&str, &str, &str),
    body: &str,
) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}
