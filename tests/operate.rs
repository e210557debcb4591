//! What operators do beside the agent: check, prune, ask, mend.

mod check;
