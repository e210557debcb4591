//! A scrubbed record becomes a [`Row`]: cut to the columns' widths, its `metadata` put together (CONTRACT §3).
//!
//! Invariant: only [`Row::compose`] makes a row, and it takes only what the scrubber has passed.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::record::{Severity, Timestamp};

/// One row of the table, as it will be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    pub(crate) event_key: Cow<'a, str>,
    pub(crate) severity: Severity,
    pub(crate) actor_admin_id: Option<i128>,
    pub(crate) ip_address: Option<IpAddr>,
    pub(crate) user_agent: Option<Cow<'a, str>>,
    pub(crate) route_name: Option<Cow<'a, str>>,
    pub(crate) request_id: Option<Cow<'a, str>>,
    pub(crate) metadata: Option<Cow<'a, str>>,
    pub(crate) created_at: Timestamp,
}
