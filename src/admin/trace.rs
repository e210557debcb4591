//! The rows of one request, or of an event or an actor, in order of time.
//!
//! Invariant: at most as many rows as asked for are read; without a request they are the newest.

use mysql_async::Value;

use super::Reader;
use crate::record::Timestamp;
use crate::sink::Error;

/// Which rows are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Of this request.
    pub request_id: Option<String>,
    /// Of this event; `*` is any text.
    pub event_key: Option<String>,
    /// Of this actor.
    pub actor: Option<i64>,
    /// Created at this moment or later.
    pub since: Option<Timestamp>,
    /// At most so many.
    pub limit: usize,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Column `id`.
    pub id: String,
    /// Column `event_key`.
    pub event_key: String,
    /// Column `severity`.
    pub severity: String,
    /// Column `actor_admin_id`.
    pub actor_admin_id: Option<String>,
    /// Column `ip_address`.
    pub ip_address: Option<String>,
    /// Column `user_agent`.
    pub user_agent: Option<String>,
    /// Column `route_name`.
    pub route_name: Option<String>,
    /// Column `request_id`.
    pub request_id: Option<String>,
    /// Column `metadata`, JSON text.
    pub metadata: Option<String>,
    /// Column `created_at`.
    pub created_at: String,
}

/// The columns, as text, in the order in which [`Found::of`] takes them.
pub(super) const COLUMNS: &str = "CAST(id AS CHAR), event_key, severity, CAST(actor_admin_id AS CHAR), ip_address, \
                                  user_agent, route_name, request_id, CAST(metadata AS CHAR), CAST(created_at AS CHAR)";

impl Found {
    /// A row of these columns; `None` where one that must have a value has none.
    pub(super) fn of(cells: Vec<Option<String>>) -> Option<Self> {
        let mut cells = cells.into_iter();
        let mut cell = || cells.next().flatten();
        Some(Found {
            id: cell()?,
            event_key: cell()?,
            severity: cell()?,
            actor_admin_id: cell(),
            ip_address: cell(),
            user_agent: cell(),
            route_name: cell(),
            request_id: cell(),
            metadata: cell(),
            created_at: cell()?,
        })
    }
}

impl Query {
    /// Whether it asks for anything in particular.
    pub fn is_empty(&self) -> bool {
        self.request_id.is_none() && self.event_key.is_none() && self.actor.is_none() && self.since.is_none()
    }

    /// Reads the rows, the oldest first.
    ///
    /// # Errors
    /// The database cannot be reached, or refuses.
    pub async fn run(&self, reader: &mut Reader) -> Result<Vec<Found>, Error> {
        let mut conditions = Vec::new();
        let mut values = Vec::new();
        let mut condition = |text: &'static str, value: Value| {
            conditions.push(text);
            values.push(value);
        };
        if let Some(request) = &self.request_id {
            condition("request_id = ?", Value::from(request.as_str()));
        }
        match &self.event_key {
            Some(pattern) if pattern.contains('*') => {
                condition("event_key LIKE ? ESCAPE '!'", Value::from(like(pattern)))
            }
            Some(key) => condition("event_key = ?", Value::from(key.as_str())),
            None => {}
        }
        if let Some(actor) = self.actor {
            condition("actor_admin_id = ?", Value::from(actor));
        }
        if let Some(since) = self.since {
            condition("created_at >= ?", Value::from(since.to_string()));
        }
        values.push(Value::from(self.limit as u64));
        let sql = format!(
            "SELECT {COLUMNS} FROM {} WHERE {} ORDER BY created_at DESC, id DESC LIMIT ?",
            reader.table(),
            conditions.join(" AND ")
        );
        let rows = reader.rows("reading rows", &sql, values, self.limit).await?;
        Ok(rows.into_iter().rev().filter_map(Found::of).collect())
    }
}

/// A pattern with `*` as `LIKE` reads it.
fn like(pattern: &str) -> String {
    let mut like = String::new();
    for c in pattern.chars() {
        match c {
            '*' => like.push('%'),
            '%' | '_' | '!' => like.extend(['!', c]),
            other => like.push(other),
        }
    }
    like
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text_and_nothing_else_is_special() {
        assert_eq!(like("auth.*"), "auth.%");
        assert_eq!(like("50%_off!*"), "50!%!_off!!%");
    }
}
