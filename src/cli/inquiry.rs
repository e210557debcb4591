//! Asking the running agent what it is doing, at its own endpoint.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{Exit, complain};
use crate::config::{self, Config, Problems};
use crate::report::Report;

/// How long the agent may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The longest answer that is read.
const ANSWER_MAX: usize = 4 << 20;

/// Why there is no answer, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// There is no such config file.
    #[error("{0}")]
    NoConfig(Problems),
    /// The agent serves nothing.
    #[error(
        "the agent cannot be asked: `metrics.listen` is \"\" in the config; set an address, such as \"127.0.0.1:9187\", \
         and restart the agent"
    )]
    TurnedOff,
    /// Nobody listens there, or nobody answers.
    #[error("no agent answers at {address} ({why}); does it run? See `systemctl status tracespool`")]
    Nobody {
        /// Where.
        address: SocketAddr,
        /// How that showed.
        why: String,
    },
    /// Something answers that is no agent of this version.
    #[error(
        "what answers at {address} is no agent that this program understands ({why}); is it of another version, or is \
         `metrics.listen` another program's address?"
    )]
    Stranger {
        /// Where.
        address: SocketAddr,
        /// How that showed.
        why: String,
    },
}

impl Unanswered {
    /// What the command that asked ends with.
    pub fn exit(&self) -> Exit {
        match self {
            Unanswered::NoConfig(_) => Exit::Usage,
            Unanswered::TurnedOff | Unanswered::Nobody { .. } | Unanswered::Stranger { .. } => Exit::Unavailable,
        }
    }
}

/// Where an agent answers whose config does not say otherwise: the default of `metrics.listen`.
const DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9187);

/// Where the agent of a config file answers. A file that cannot be used, or read by this user, is complained about, and the
/// agent looked for where it is by default: who asks what is the matter needs an answer most of all then.
///
/// # Errors
/// Nowhere.
pub fn address_by(file: &Path) -> Result<SocketAddr, Unanswered> {
    match Config::load(file, config::environment()) {
        Ok(config) => address(&config),
        Err(problems) if !file.try_exists().unwrap_or(true) => Err(Unanswered::NoConfig(problems)),
        Err(problems) => {
            complain(problems);
            complain(format_args!("so the agent is asked at {DEFAULT}, the default of `metrics.listen`"));
            Ok(DEFAULT)
        }
    }
}

/// Where the agent of a config answers.
///
/// # Errors
/// Nowhere.
pub fn address(config: &Config) -> Result<SocketAddr, Unanswered> {
    let mut address = config.metrics.listen.ok_or(Unanswered::TurnedOff)?;
    if address.ip().is_unspecified() {
        // It listens everywhere, so also here.
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Ok(address)
}

/// Asks the agent at `address`, from a thread that may wait.
///
/// # Errors
/// It does not answer.
pub fn ask(address: SocketAddr) -> Result<Report, Unanswered> {
    let nobody = |why: String| Unanswered::Nobody { address, why };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| nobody(error.to_string()))?;
    runtime.block_on(async {
        let late = || nobody(format!("no answer within {} s", PATIENCE.as_secs()));
        tokio::time::timeout(PATIENCE, get(address)).await.unwrap_or_else(|_| Err(late()))
    })
}

async fn get(address: SocketAddr) -> Result<Report, Unanswered> {
    let nobody = |error: io::Error| Unanswered::Nobody { address, why: kind(&error) };
    let stranger = |why: String| Unanswered::Stranger { address, why };
    let stream = TcpStream::connect(address).await.map_err(nobody)?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| stranger(error.to_string()))?;
    let request = Request::get("/status.json").header(header::HOST, address.to_string()).body(Empty::<Bytes>::new());
    let request = request.map_err(|error| stranger(error.to_string()))?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(|error| stranger(error.to_string()))?;
        if response.status() != StatusCode::OK {
            return Err(stranger(format!("status {}", response.status().as_u16())));
        }
        let body = Limited::new(response.into_body(), ANSWER_MAX).collect().await;
        let body = body.map_err(|error| stranger(error.to_string()))?.to_bytes();
        serde_json::from_slice(&body).map_err(|error| stranger(format!("not the JSON it should be: {error}")))
    };
    // The connection is driven only as long as there is something to wait for.
    tokio::select! {
        answer = exchange => answer,
        never = async { connection.await.err(); std::future::pending().await } => never,
    }
}

/// What went wrong, without the number of the system's.
fn kind(error: &io::Error) -> String {
    error.kind().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_that_listens_everywhere_is_asked_here() {
        let config = |listen: Option<&str>| {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("config.toml");
            let listen = listen.unwrap_or_default();
            let text = format!(
                "[spool]\npaths = [\"/s/*\"]\n[database]\nurl = \"mysql://u@h/app\"\n[metrics]\nlisten = \"{listen}\""
            );
            std::fs::write(&file, text).unwrap();
            Config::load(&file, std::iter::empty()).unwrap_or_else(|problems| panic!("{problems}"))
        };
        let of =
            |listen| address(&config(listen)).map(|address| address.to_string()).map_err(|error| error.to_string());
        assert_eq!(of(Some("0.0.0.0:80")).as_deref(), Ok("127.0.0.1:80"));
        assert_eq!(of(Some("[::]:80")).as_deref(), Ok("[::1]:80"));
        assert_eq!(of(Some("192.0.2.7:80")).as_deref(), Ok("192.0.2.7:80"));
        assert!(of(None).unwrap_err().contains("`metrics.listen`"));
    }
}
