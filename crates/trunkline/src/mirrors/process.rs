//! Git as a process. Dropping what waits for one ends it.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::sync::{OwnedMutexGuard, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

/// Between asking git to end, so that it removes its locks, and ending it.
const GRACE: Duration = Duration::from_secs(2);
/// How long what git leaves in its pipes is read after its end.
const DRAIN: Duration = Duration::from_millis(500);
/// Why git failed, where it does not say.
pub(super) const SILENT: &str = "it failed";
/// Of what git says, the end is kept: there it says why it fails.
const SAID: usize = 16 * 1024;

/// How long git may take with a remote.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Without a sign of progress.
    pub(crate) silence: Duration,
    /// In all.
    pub(crate) time: Duration,
}

/// What nobody else may have before git has ended: the lock of the repository that it works in.
pub(super) type Held = Arc<OwnedMutexGuard<()>>;

/// Where git works.
#[derive(Clone, Copy, Debug)]
pub(super) enum At<'a> {
    /// In a bare repository.
    Bare(&'a Path),
    /// In a folder with a work tree.
    Work(&'a Path),
}

/// The variables of the server that git gets: where programs and the person's own settings (credential helpers, keys,
/// proxies) are. None that points git at another repository.
pub(crate) fn git_environment() -> &'static [(String, String)] {
    const KEPT: &[&str] = &[
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "LANG",
        "TMPDIR",
        "XDG_CONFIG_HOME",
        "XDG_RUNTIME_DIR",
        "DBUS_SESSION_BUS_ADDRESS",
        "SSH_AUTH_SOCK",
        "GIT_SSH_COMMAND",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
        "GIT_EXEC_PATH",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "GIT_SSL_CAINFO",
        "LD_LIBRARY_PATH",
    ];
    static FOUND: OnceLock<Vec<(String, String)>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let found = KEPT
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), crate::context::variable(name)?)));
        // Nobody is there to be asked for a password, and looking writes nothing.
        let own = [
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            crate::pipelines::leftovers::mark(),
        ];
        found.chain(own.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
    })
}

/// The file of git's program: looked for once, not at each start.
fn program() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let path = crate::context::variable("PATH").unwrap_or_default();
        let all = std::env::split_paths(&path).map(|folder| folder.join("git"));
        let mut all = all.filter(|file| file.is_absolute() && file.is_file());
        all.next().unwrap_or_else(|| PathBuf::from("git"))
    })
}

fn command(at: At<'_>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.env_clear().envs(git_environment().iter().map(|(name, value)| (name, value)));
    match at {
        At::Bare(folder) => command.current_dir(folder).env("GIT_DIR", folder),
        At::Work(folder) => command.current_dir(folder),
    };
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs git on what lies here; gives back what it wrote, or why it failed, on one line.
pub(super) async fn local(at: At<'_>, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = command(at, arguments).output().await.map_err(|error| not_run(&error))?;
    judge(output.status, output.stdout, &output.stderr)
}

/// Runs git as `local` does, where it writes much in little pieces: into memory, not into a pipe at whose end somebody
/// would be woken for each.
pub(super) async fn gathered(at: At<'_>, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let broken = |error: std::io::Error| not_run(&error);
    let memory = rustix::fs::memfd_create("git", rustix::fs::MemfdFlags::CLOEXEC);
    let mut memory = File::from(memory.map_err(|error| broken(error.into()))?);
    let mut command = command(at, arguments);
    command.stdout(memory.try_clone().map_err(broken)?).stderr(Stdio::piped());
    let child = command.spawn().map_err(broken)?;
    let output = child.wait_with_output().await.map_err(broken)?;
    judge(output.status, Vec::new(), &output.stderr)?;
    let mut written = Vec::new();
    memory.rewind().and_then(|()| memory.read_to_end(&mut written)).map_err(broken)?;
    Ok(written)
}

/// Runs git with a remote. `arguments` name it by its public address; git is told the whole one, which holds perhaps a
/// password, where no list of processes shows it.
pub(super) async fn remote(
    at: At<'_>,
    address: &str,
    arguments: &[&str],
    limits: Limits,
    held: Option<Held>,
) -> Result<Vec<u8>, String> {
    let mut command = command(at, arguments);
    let shown = super::places::public(address);
    if shown != address {
        command.envs(secrets(address, &shown));
    }
    command.envs(aws());
    command.process_group(0).kill_on_drop(false).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().map_err(|error| not_run(&error))?;
    let (told, ended) = oneshot::channel();
    // A task of its own, so that git is ended in order also where nobody waits any more.
    crate::runtime::spawn(async move {
        follow(child, limits, told).await;
        drop(held);
    });
    let ended = ended.await.unwrap_or_else(|_| Err("it was ended with the server".to_owned()));
    ended.map_err(|why| why.replace(address, &shown))
}

/// The variables by which git learns the whole of an address.
fn secrets(address: &str, shown: &str) -> Vec<(String, String)> {
    if address.split_once("://").is_some_and(|(scheme, _)| scheme.contains("ssh")) {
        // ssh takes no password from an address, and has all of it among its arguments.
        return Vec::new();
    }
    let http = address.starts_with("http://") || address.starts_with("https://");
    let whole = address.split_once("://").filter(|_| http);
    let Some((scheme, (user, host))) =
        whole.and_then(|(scheme, rest)| Some((scheme, rest.split('/').next()?.rsplit_once('@')?)))
    else {
        let rewritten = (format!("url.{address}.insteadOf"), shown.to_owned());
        return settings(vec![rewritten]);
    };
    // A helper that this host's credentials are asked of: git hands a whole address on as an argument.
    let key = format!("credential.{scheme}://{host}.helper");
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let mut told = vec![("TRUNKLINE_REMOTE_USER".to_owned(), decoded(user))];
    let mut helper = "printf 'username=%s\\n' \"$TRUNKLINE_REMOTE_USER\"".to_owned();
    let mut all = Vec::new();
    if !password.is_empty() {
        told.push(("TRUNKLINE_REMOTE_PASSWORD".to_owned(), decoded(password)));
        helper.push_str("; printf 'password=%s\\n' \"$TRUNKLINE_REMOTE_PASSWORD\"");
        // No other one is asked, or told to keep it.
        all.push(("credential.helper".to_owned(), String::new()));
    }
    all.push((key, format!("!f() {{ {helper}; }}; f")));
    told.extend(settings(all));
    told
}

/// Settings of git as variables.
fn settings(all: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut variables = vec![("GIT_CONFIG_COUNT".to_owned(), all.len().to_string())];
    for (number, (key, value)) in all.into_iter().enumerate() {
        variables.push((format!("GIT_CONFIG_KEY_{number}"), key));
        variables.push((format!("GIT_CONFIG_VALUE_{number}"), value));
    }
    variables
}

/// A part of an address without its escapes.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => (bytes.push(byte), rest = &after[2..]),
            None => (bytes.push(*first), rest = after),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What helpers of git that ask AWS for credentials need.
fn aws() -> Vec<(OsString, OsString)> {
    let all = crate::context::variables().into_iter();
    all.filter(|(name, _)| name.starts_with("AWS_"))
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

type Ended = Result<Vec<u8>, String>;

/// Waits for git, as long as it makes progress and somebody waits for it.
async fn follow(mut child: Child, limits: Limits, mut told: oneshot::Sender<Ended>) {
    let (Some(mut out), Some(mut err)) = (child.stdout.take(), child.stderr.take()) else {
        let _ = told.send(Err("it has no pipes".to_owned()));
        return;
    };
    let (mut written, mut said, mut open) = (Vec::new(), Vec::new(), (true, true));
    let last = Instant::now() + limits.time;
    let mut silent = Instant::now() + limits.silence;
    // How it ended, and until when what it left is read: a connection that ssh keeps for later keeps the pipes open.
    let mut ended: Option<(std::io::Result<ExitStatus>, Instant)> = None;
    let why = loop {
        let over = ended.as_ref().map(|(_, until)| *until);
        if open == (false, false) && over.is_some() {
            break None;
        }
        tokio::select! {
            read = out.read_buf(&mut written), if open.0 => {
                open.0 = read.is_ok_and(|length| length > 0);
                silent = Instant::now() + limits.silence;
            }
            read = err.read_buf(&mut said), if open.1 => {
                open.1 = read.is_ok_and(|length| length > 0);
                silent = Instant::now() + limits.silence;
                said.drain(..said.len().saturating_sub(SAID));
            }
            status = child.wait(), if over.is_none() => {
                ended = Some((status, Instant::now() + DRAIN));
            }
            () = sleep_until(over.unwrap_or(silent)) => {
                break over.is_none().then(|| format!(
                    "it was ended: the remote said nothing for {} seconds (`git.silence` of server.yaml)",
                    limits.silence.as_secs()
                ));
            }
            () = sleep_until(last), if over.is_none() => {
                break Some(format!(
                    "it was ended: it took longer than {} seconds (`git.time` of server.yaml)",
                    limits.time.as_secs()
                ));
            }
            () = told.closed() => break Some(String::new()),
        }
    };
    let Some(why) = why else {
        let status = ended.map(|(status, _)| status).expect("it is over only once it has ended");
        let ended = status.map_err(|error| not_run(&error));
        let _ = told.send(ended.and_then(|status| judge(status, written, &said)));
        return;
    };
    end(&mut child).await;
    let _ = told.send(Err(why));
}

/// Ends git and what it started, which is in its group.
async fn end(child: &mut Child) {
    let group = child.id().and_then(|id| i32::try_from(id).ok());
    let group = group.and_then(rustix::process::Pid::from_raw);
    let signal = |signal| group.map(|group| rustix::process::kill_process_group(group, signal));
    signal(rustix::process::Signal::TERM);
    let _ = timeout(GRACE, child.wait()).await;
    // Those of the group that did not listen.
    signal(rustix::process::Signal::KILL);
    let _ = child.wait().await;
}

fn not_run(error: &std::io::Error) -> String {
    format!("git cannot be run: {error}")
}

fn judge(status: ExitStatus, written: Vec<u8>, said: &[u8]) -> Ended {
    if status.success() { Ok(written) } else { Err(words(said)) }
}

/// What git said, on one line and without its progress.
fn words(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let lines = said.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<&str> = lines.filter(|line| !line.contains("% (")).collect();
    let grave = |line: &&&str| line.starts_with("fatal:") || line.starts_with("error:");
    let first = lines.iter().position(|line| grave(&line)).unwrap_or_default();
    // What comes before tells why, where it is not what git always tells.
    let first = first.saturating_sub(2);
    let all: Vec<&str> = lines.into_iter().skip(first).take(6).collect();
    if all.is_empty() { SILENT.to_owned() } else { all.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_git_says_the_reason_is_kept() {
        let check = |said: &str, kept: &str| assert_eq!(words(said.as_bytes()), kept);
        check(
            "fatal: no such thing\n\nPlease make sure\n",
            "fatal: no such thing; Please make sure",
        );
        check(
            "Receiving objects:  10% (1/10)\rReceiving objects:  20% (2/10)\rerror: it broke\n",
            "error: it broke",
        );
        check("", SILENT);
    }

    #[tokio::test]
    async fn what_keeps_the_pipes_open_does_not_keep_git_waiting() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "echo done; sleep 300 & echo $! >&2"]).process_group(0);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let (told, ended) = oneshot::channel();
        let hour = Duration::from_secs(3600);
        let child = child.expect("a shell");
        let group = child.id().and_then(|id| i32::try_from(id).ok());
        follow(child, Limits { silence: hour, time: hour }, told).await;
        assert_eq!(ended.await.expect("it is told"), Ok(b"done\n".to_vec()));
        let group = group.and_then(rustix::process::Pid::from_raw).expect("an id");
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }

    #[test]
    fn what_is_escaped_in_an_address_is_told_as_it_is_and_never_as_an_argument() {
        let told =
            secrets("https://a%40b:p%3aq%@git.example.com/x.git", "https://git.example.com/x.git");
        let of = |name: &str| told.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        assert_eq!(of("TRUNKLINE_REMOTE_USER"), Some("a@b"));
        assert_eq!(of("TRUNKLINE_REMOTE_PASSWORD"), Some("p:q%"));
        assert_eq!(of("GIT_CONFIG_COUNT"), Some("2"));
        assert_eq!(of("GIT_CONFIG_KEY_1"), Some("credential.https://git.example.com.helper"));
        // Whose client would show it.
        assert_eq!(secrets("ssh://a:p@git.example.com/x", "ssh://a@git.example.com/x"), []);
    }
}
