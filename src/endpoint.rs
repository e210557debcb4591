//! The HTTP endpoint, read-only: numbers for a scraper, health for a supervisor, a page for people.
//!
//! Invariant: it reads nothing from a request but its method and path, serves nothing that came from a line, and holds at
//! most [`CONNECTIONS_MAX`] connections, each for a limited time.

mod page;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::report::{Health, Report, Verdict};

/// How many connections are served at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 16;

/// How long one connection may last.
const CONNECTION_MAX: Duration = Duration::from_secs(30);

const TEXT: &str = "text/plain; charset=utf-8";

/// Where what is served comes from.
pub trait Source: Send + Sync + 'static {
    /// The page that a Prometheus server reads.
    fn metrics(&self) -> Vec<u8>;

    /// What the agent is doing.
    fn report(&self) -> Report;
}

/// Takes the address.
///
/// # Errors
/// It cannot be had.
pub async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Answers requests until it is dropped.
pub async fn serve(listener: TcpListener, source: Arc<impl Source>) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, as a rule: trying again at once would spin.
                tracing::debug!(%error, "a connection to `metrics.listen` was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let source = Arc::clone(&source);
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let response = answer(&request, &*source);
                async move { Ok::<_, Infallible>(response) }
            });
            let serving = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(5))
                .serve_connection(TokioIo::new(stream), service);
            if let Ok(Err(error)) = tokio::time::timeout(CONNECTION_MAX, serving).await {
                tracing::debug!(%error, "a connection to `metrics.listen` ended early");
            }
            drop(permit);
        });
    }
}

fn answer(request: &Request<Incoming>, source: &impl Source) -> Response<Full<Bytes>> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return response(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET is answered here\n".into());
    }
    match request.uri().path() {
        "/" => {
            let mut page = response(StatusCode::OK, "text/html; charset=utf-8", page::HTML.into());
            page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, page::policy());
            page
        }
        "/metrics" => response(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", source.metrics().into()),
        "/healthz" => {
            let health = source.report().health;
            response(status_of(&health), TEXT, healthz(&health).into())
        }
        "/status.json" => {
            let report = serde_json::to_vec(&source.report()).expect("writing to memory cannot fail");
            response(StatusCode::OK, "application/json", report.into())
        }
        _ => response(StatusCode::NOT_FOUND, TEXT, "there are /, /metrics, /healthz and /status.json\n".into()),
    }
}

/// Only where a restart could help is the agent said to be unwell: a supervisor that starts it anew because the database
/// is away gains nothing.
fn status_of(health: &Health) -> StatusCode {
    match health.verdict {
        Verdict::Ok | Verdict::Degraded => StatusCode::OK,
        Verdict::Stuck => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The word for the supervisor, and the reasons for people.
fn healthz(health: &Health) -> String {
    let word = match health.verdict {
        Verdict::Ok | Verdict::Degraded => "ok",
        Verdict::Stuck => "stuck",
    };
    let reasons = health.reasons.iter().map(|reason| format!("{reason}\n"));
    format!("{word}\n{}", reasons.collect::<String>())
}

fn response(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    const HEADERS: [(HeaderName, &str); 3] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_stuck_agent_is_unwell() {
        #[track_caller]
        fn check(verdict: Verdict, want: (u16, &str)) {
            let health = Health { verdict, reasons: vec!["a: b".to_owned(), "c: d".to_owned()] };
            assert_eq!((status_of(&health).as_u16(), healthz(&health).as_str()), want);
        }
        check(Verdict::Degraded, (200, "ok\na: b\nc: d\n"));
        check(Verdict::Stuck, (503, "stuck\na: b\nc: d\n"));
        assert_eq!(healthz(&Health::default()), "ok\n");
    }
}
