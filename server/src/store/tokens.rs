//! Tokens of those who write, and the audit of what was written.

use super::{Store, StoreError, reading, writing};

/// A token without itself: only its hash is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    /// Its number, by which it is revoked.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// The test groups it may write, `*` for any text; empty for none.
    pub group_pattern: String,
    /// The components whose deploys it may report, `*` for any text; empty for none.
    pub component_pattern: String,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: i64,
    /// Who made it.
    pub created_by: String,
    /// When it ends; `None` for never.
    pub expires_ms: Option<i64>,
    /// When it was revoked; `None` when it was not.
    pub revoked_ms: Option<i64>,
    /// When it was last used, to the minute; `None` for never.
    pub used_ms: Option<i64>,
}

/// A token that is to be made.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    /// What people call it.
    pub name: &'a str,
    /// SHA-256 of the token.
    pub hash: &'a [u8],
    /// As [`StoredToken::group_pattern`].
    pub group_pattern: &'a str,
    /// As [`StoredToken::component_pattern`].
    pub component_pattern: &'a str,
    /// As [`StoredToken::created_ms`].
    pub created_ms: i64,
    /// As [`StoredToken::created_by`].
    pub created_by: &'a str,
    /// As [`StoredToken::expires_ms`].
    pub expires_ms: Option<i64>,
}

/// One write that somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Who: `token 7 (airflow)`, `command line (root)`, `pub/sub`.
    pub who: String,
    /// What: `token.create`, `upload.accept`.
    pub action: String,
    /// On what.
    pub subject: String,
    /// What else there is to say of it.
    pub detail: String,
}

/// A row of `token`.
type TokenRow = (
    i64,
    String,
    String,
    String,
    i64,
    String,
    Option<i64>,
    Option<i64>,
    Option<i64>,
);

impl From<TokenRow> for StoredToken {
    fn from(row: TokenRow) -> Self {
        let (
            id,
            name,
            group_pattern,
            component_pattern,
            created_ms,
            created_by,
            expires_ms,
            revoked_ms,
            used_ms,
        ) = row;
        Self {
            id,
            name,
            group_pattern,
            component_pattern,
            created_ms,
            created_by,
            expires_ms,
            revoked_ms,
            used_ms,
        }
    }
}

/// Writes one row of the audit in the transaction `$tx` of a `writing!`.
macro_rules! audit {
    ($tx:ident, $at_ms:expr, $who:expr, $action:expr, $subject:expr, $detail:expr) => {
        sqlx::query(
            "INSERT INTO audit (at_ms, who, action, subject, detail) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind($at_ms)
        .bind($who)
        .bind($action)
        .bind($subject)
        .bind($detail)
        .execute(&mut *$tx)
        .await?
    };
}

pub(super) use audit;

impl Store {
    /// Makes a token and says so in the audit; answers its number.
    pub async fn add_token(&self, token: &NewToken<'_>) -> Result<i64, StoreError> {
        writing!(self, tx => {
            let (id,): (i64,) = sqlx::query_as(
                "INSERT INTO token (name, hash, group_pattern, component_pattern, created_ms, \
                 created_by, expires_ms) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            )
            .bind(token.name)
            .bind(token.hash)
            .bind(token.group_pattern)
            .bind(token.component_pattern)
            .bind(token.created_ms)
            .bind(token.created_by)
            .bind(token.expires_ms)
            .fetch_one(&mut *tx)
            .await?;
            audit!(
                tx,
                token.created_ms,
                token.created_by,
                "token.create",
                format!("token {id} ({})", token.name),
                format!(
                    "groups \"{}\", components \"{}\"",
                    token.group_pattern, token.component_pattern
                )
            );
            id
        })
    }

    /// All tokens, revoked and expired ones too, in the order in which they were made.
    pub async fn load_tokens(&self) -> Result<Vec<StoredToken>, StoreError> {
        let rows: Vec<TokenRow> = reading!(self, tx => {
            sqlx::query_as(
                "SELECT id, name, group_pattern, component_pattern, created_ms, created_by, \
                 expires_ms, revoked_ms, used_ms FROM token ORDER BY id",
            )
            .fetch_all(&mut *tx)
            .await?
        })?;
        Ok(rows.into_iter().map(StoredToken::from).collect())
    }

    /// The token with this SHA-256, whatever its state.
    pub async fn find_token(&self, hash: &[u8]) -> Result<Option<StoredToken>, StoreError> {
        let row: Option<TokenRow> = reading!(self, tx => {
            sqlx::query_as(
                "SELECT id, name, group_pattern, component_pattern, created_ms, created_by, \
                 expires_ms, revoked_ms, used_ms FROM token WHERE hash = $1",
            )
            .bind(hash)
            .fetch_optional(&mut *tx)
            .await?
        })?;
        Ok(row.map(StoredToken::from))
    }

    /// Notes that a token was used.
    pub async fn touch_token(&self, id: i64, at_ms: i64) -> Result<(), StoreError> {
        writing!(self, tx => {
            sqlx::query("UPDATE token SET used_ms = $2 WHERE id = $1")
                .bind(id)
                .bind(at_ms)
                .execute(&mut *tx)
                .await?;
        })
    }

    /// Revokes a token and says so in the audit; answers its name, `None` when there is no such token.
    /// One that is revoked already stays as it is.
    pub async fn revoke_token(
        &self,
        id: i64,
        at_ms: i64,
        who: &str,
    ) -> Result<Option<String>, StoreError> {
        writing!(self, tx => {
            let name: Option<(String, Option<i64>)> =
                sqlx::query_as("SELECT name, revoked_ms FROM token WHERE id = $1")
                    .bind(id)
                    .fetch_optional(&mut *tx)
                    .await?;
            if let Some((name, None)) = &name {
                sqlx::query("UPDATE token SET revoked_ms = $2 WHERE id = $1")
                    .bind(id)
                    .bind(at_ms)
                    .execute(&mut *tx)
                    .await?;
                audit!(tx, at_ms, who, "token.revoke", format!("token {id} ({name})"), "");
            }
            name.map(|(name, _)| name)
        })
    }

    /// The newest `limit` rows of the audit, newest first.
    pub async fn load_audit(&self, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let rows: Vec<(i64, String, String, String, String)> = reading!(self, tx => {
            sqlx::query_as(
                "SELECT at_ms, who, action, subject, detail FROM audit ORDER BY id DESC LIMIT $1",
            )
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await?
        })?;
        Ok(rows
            .into_iter()
            .map(|(at_ms, who, action, subject, detail)| AuditEntry {
                at_ms,
                who,
                action,
                subject,
                detail,
            })
            .collect())
    }
}
