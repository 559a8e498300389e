//! `seamgrid token`: make, list and revoke.

use std::process::ExitCode;

use clap::Subcommand;
use seamgrid::{
    clock::now_ms,
    intake::token,
    store::{NewToken, Store, StoredToken},
};

use super::{CommandError, Common, say};

/// What `token` does.
#[derive(Debug, Subcommand)]
pub(super) enum TokenAction {
    /// Make a token and print it, once, alone on the last line
    Create {
        /// The test groups it may write; `*` is any text, and several patterns are separated by commas
        #[arg(long, env = "SEAMGRID_GROUPS", value_name = "PATTERN")]
        groups: String,
        /// The components whose deploys it may report, likewise [default: all for --groups '*', else none]
        #[arg(long, env = "SEAMGRID_COMPONENTS", value_name = "PATTERN")]
        components: Option<String>,
        /// What to call it, in lists and wherever its writes are named
        #[arg(
            long,
            env = "SEAMGRID_NAME",
            value_name = "N",
            default_value = "unnamed"
        )]
        name: String,
        /// How long it is good, such as 12h, 90d or 8w [default: until it is revoked]
        #[arg(long, env = "SEAMGRID_EXPIRES", value_name = "D")]
        expires: Option<String>,
    },
    /// Print all tokens, without themselves
    List,
    /// Refuse a token from now on
    Revoke {
        /// Its number, as in the list
        #[arg(value_name = "ID")]
        id: i64,
    },
}

/// Does what `action` says.
pub(super) async fn tokens(common: &Common, action: TokenAction) -> Result<ExitCode, CommandError> {
    let store = Store::open(&common.database).await?;
    let now_ms = now_ms();
    match action {
        TokenAction::Create {
            groups,
            components,
            name,
            expires,
        } => {
            let components = components.unwrap_or_else(|| {
                let all = groups.trim() == "*";
                if all { "*" } else { "" }.to_owned()
            });
            if name.trim().is_empty() || (groups.trim().is_empty() && components.trim().is_empty())
            {
                return Err(CommandError::Token(
                    "a token needs a name, and groups or components".into(),
                ));
            }
            let span_ms = expires
                .as_deref()
                .map(token::parse_span_ms)
                .transpose()
                .map_err(CommandError::Token)?;
            let (token, hash) = token::new_token().ok_or_else(|| {
                CommandError::Token("the system gives no random numbers".to_owned())
            })?;
            let id = store
                .add_token(&NewToken {
                    name: name.trim(),
                    hash: &hash,
                    group_pattern: groups.trim(),
                    component_pattern: components.trim(),
                    created_ms: now_ms,
                    created_by: &operator(),
                    expires_ms: span_ms.map(|span_ms| now_ms.saturating_add(span_ms)),
                })
                .await?;
            let may: Vec<String> = [
                ("write the test groups", groups.trim()),
                ("report deploys of", components.trim()),
            ]
            .into_iter()
            .filter(|(_, pattern)| !pattern.is_empty())
            .map(|(what, pattern)| format!("{what} \"{pattern}\""))
            .collect();
            say(&format!(
                "token {id} ({}) may {}. It is shown this once:",
                name.trim(),
                may.join(" and ")
            ))?;
            say(&token)?;
        }
        TokenAction::List => {
            for stored in store.load_tokens().await? {
                say(&token_line(&stored, now_ms))?;
            }
        }
        TokenAction::Revoke { id } => {
            let name = store.revoke_token(id, now_ms, &operator()).await?;
            let name = name.ok_or_else(|| {
                CommandError::Token(format!("there is no token with the number {id}"))
            })?;
            say(&format!("token {id} ({name}) is revoked"))?;
        }
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Who is at the command line, for the audit.
fn operator() -> String {
    let user = ["USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok())
        .unwrap_or_else(|| "unknown user".to_owned());
    format!("command line ({user})")
}

/// One token for people: columns that begin at the same place for all but the longest texts.
fn token_line(token: &StoredToken, now_ms: i64) -> String {
    let day = |ms: Option<i64>, none: &str| {
        ms.and_then(chrono::DateTime::from_timestamp_millis)
            .map_or_else(
                || none.to_owned(),
                |time| time.format("%Y-%m-%d").to_string(),
            )
    };
    let state = match token::refusal(token, now_ms) {
        None => "good",
        Some(_) if token.revoked_ms.is_some() => "revoked",
        Some(_) => "expired",
    };
    format!(
        "{:<4} {:<20} {state:<8} groups {:<24} components {:<16} made {} ends {:<10} used {}",
        token.id,
        token.name,
        token.group_pattern,
        if token.component_pattern.is_empty() {
            "-"
        } else {
            &token.component_pattern
        },
        day(Some(token.created_ms), "-"),
        day(token.expires_ms, "never"),
        day(token.used_ms, "never"),
    )
}
