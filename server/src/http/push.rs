//! What is sent to the server: uploads, notifications of buckets, deploys.

use std::sync::Arc;

use app::{api::Read as _, paths};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest, FromRequestParts, Request, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use model::wire::{BugReceipt, DeployReceipt, ErrorBody, Items, UploadReceipt, UploadRevision};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    answer::{Answer, json},
    error::ApiError,
    extract::{Path, Query},
    openapi::{Misunderstood, NotModified},
    paging::{Page, page},
};
use crate::{
    intake::{
        Bearer, BugReport, DeployReport, Envelope, Intake, IntakeError, Proof, Upload, bearer,
    },
    read::Reader,
};

/// The largest notification, and the largest report of a deploy, in bytes.
const SMALL_BODY: usize = 1 << 20;

/// The intake of this server.
pub(super) struct Desk(Arc<Intake>);

impl<S: Send + Sync> FromRequestParts<S> for Desk {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let intake = parts.extensions.get::<Arc<Intake>>();
        intake.cloned().map(Self).ok_or_else(|| {
            ApiError::Unavailable("this server only shows; nothing can be sent to it".to_owned())
        })
    }
}

/// What the address of an upload may say.
#[derive(Debug, Deserialize)]
pub(super) struct UploadQuery {
    build: Option<String>,
}

/// What the address of a notification may say.
#[derive(Debug, Deserialize)]
pub(super) struct NotifyQuery {
    token: Option<String>,
}

/// Who sends something and may, because of the token that comes with it; and to whom.
pub(super) struct Caller {
    intake: Arc<Intake>,
    bearer: Bearer,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Desk(intake) = Desk::from_request_parts(parts, state).await?;
        let authorization = text(&parts.headers, header::AUTHORIZATION);
        let bearer = intake.authorize(authorization).await?;
        Ok(Self { intake, bearer })
    }
}

/// A body of at most [`SMALL_BODY`] bytes, read whole.
pub(super) struct Small(Bytes);

impl<S: Send + Sync> FromRequest<S> for Small {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let body = to_bytes(request.into_body(), SMALL_BODY).await;
        body.map(Self).map_err(|_| {
            ApiError::TooLarge(format!(
                "the body is larger than {SMALL_BODY} bytes, or broke off"
            ))
        })
    }
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// One run, without a bucket.
#[utoipa::path(
    post,
    path = "/api/v2/groups/{group}/runs",
    params(
        ("group" = String, Path, description = "A test group of the configuration. Names match by their letters and digits"),
        ("build" = Option<String>, Query, description = "The build id, where the description does not say it"),
    ),
    request_body(
        content(
            (Upload = "application/json"),
            (String = "multipart/form-data"),
        ),
        description = "The description of the run; or a form with the description as the part `metadata` and \
                       any number of JUnit files, and of files as Prow writes them"
    ),
    responses(
        (status = 201, description = "It is stored and shown", body = UploadReceipt),
        (status = 200, description = "The same was uploaded before", body = UploadReceipt),
        (status = 400, description = "It cannot be understood; nothing is stored", body = ErrorBody),
        (status = 401, description = "The token is missing, unknown, expired or revoked", body = ErrorBody),
        (status = 403, description = "The token may not write this group", body = ErrorBody),
        (status = 404, description = "The configuration names no such group", body = ErrorBody),
        (status = 413, description = "It is too large; nothing is stored", body = ErrorBody),
        (status = 503, description = "Not now; nothing is stored", body = ErrorBody),
    )
)]
pub(super) async fn upload_run(
    State(reader): State<Arc<Reader>>,
    caller: Caller,
    Path(group): Path<String>,
    Query(query): Query<UploadQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    if let Some(coding) = text(&headers, header::CONTENT_ENCODING)
        && !coding.eq_ignore_ascii_case("identity")
    {
        return Err(ApiError::BadRequest(format!(
            "an upload in Content-Encoding {coding:?} is not understood; send it as it is"
        )));
    }
    let receipt = caller
        .intake
        .upload(
            &caller.bearer,
            &group,
            query.build.as_deref(),
            text(&headers, header::CONTENT_TYPE).unwrap_or_default(),
            text(&headers, header::CONTENT_LENGTH).and_then(|length| length.parse().ok()),
            body.into_data_stream(),
        )
        .await?;
    let pages = reader
        .tabs_of_group(&receipt.group)
        .into_iter()
        .map(|(dashboard, tab)| paths::tab(&dashboard, &tab))
        .collect();
    let receipt = UploadReceipt {
        group: receipt.group,
        build: receipt.build,
        revision: receipt.revision,
        is_new: receipt.is_new,
        note: receipt.note,
        pages,
        state: reader.state(),
    };
    Ok(written(receipt.is_new, receipt))
}

/// The uploads of one build.
#[utoipa::path(
    get,
    path = "/api/v2/groups/{group}/runs/{build}/revisions",
    params(
        ("group" = String, Path, description = "Names match by their letters and digits"),
        ("build" = String, Path, description = "The build id"),
        Page,
    ),
    responses(
        (status = 200, description = "All uploads of the build, the one that counts first", body = Items<UploadRevision>),
        NotModified,
        Misunderstood,
        (status = 404, description = "No such build was uploaded", body = ErrorBody),
    )
)]
pub(super) async fn list_revisions(
    State(reader): State<Arc<Reader>>,
    Path((group, build)): Path<(String, String)>,
    Query(wanted): Query<Page>,
    headers: HeaderMap,
) -> Answer {
    let uploads = reader.revisions(&group, &build).await?.items;
    json(
        &headers,
        &page(uploads, &wanted, |upload| {
            upload.revision.to_string().into()
        })?,
    )
}

/// Objects of a bucket were written.
#[utoipa::path(
    post,
    path = "/api/v2/notify/gcs",
    params(
        ("token" = Option<String>, Query, description = "The shared secret, for senders that cannot send headers"),
    ),
    request_body(content = Envelope, description = "As Pub/Sub pushes notifications of Cloud Storage"),
    responses(
        (status = 204, description = "The groups that it concerns, if any, are looked at within a second"),
        (status = 400, description = "It cannot be understood", body = ErrorBody),
        (status = 401, description = "The secret or the signed token is missing or wrong", body = ErrorBody),
        (status = 403, description = "Notifications are not set up", body = ErrorBody),
        (status = 413, description = "It is too large", body = ErrorBody),
        (status = 503, description = "Not now", body = ErrorBody),
    )
)]
pub(super) async fn notify_gcs(
    Desk(intake): Desk,
    Query(query): Query<NotifyQuery>,
    headers: HeaderMap,
    Small(body): Small,
) -> Result<StatusCode, ApiError> {
    let proof = text(&headers, header::AUTHORIZATION)
        .and_then(bearer)
        .map(Proof::Bearer)
        .or(text(&headers, "x-seamgrid-secret").map(Proof::Secret))
        .or(query.token.as_deref().map(Proof::Secret));
    intake.notify(proof, &body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A service changed.
#[utoipa::path(
    post,
    path = "/api/v2/deploys",
    request_body = DeployReport,
    responses(
        (status = 201, description = "It is stored", body = DeployReceipt),
        (status = 200, description = "The same was reported before", body = DeployReceipt),
        (status = 400, description = "It cannot be understood", body = ErrorBody),
        (status = 401, description = "The token is missing, unknown, expired or revoked", body = ErrorBody),
        (status = 403, description = "The token may not report this component", body = ErrorBody),
        (status = 503, description = "Not now; nothing is stored", body = ErrorBody),
    )
)]
pub(super) async fn report_deploy(
    caller: Caller,
    Small(body): Small,
) -> Result<Response, ApiError> {
    let report: DeployReport = read_json("report", &body)?;
    let (deploy, is_new) = caller.intake.report_deploy(&caller.bearer, report).await?;
    let receipt = DeployReceipt {
        component: deploy.component,
        version: deploy.version,
        environment: deploy.environment,
        time: chrono::DateTime::from_timestamp_millis(deploy.at_ms).unwrap_or_default(),
        source: deploy.source,
        reporter: deploy.reporter,
        is_new,
    };
    Ok(written(receipt.is_new, receipt))
}

/// An issue belongs to a row.
#[utoipa::path(
    post,
    path = "/api/v2/groups/{group}/rows/{row}/bugs",
    params(
        ("group" = String, Path, description = "A test group that a tab shows. Names match by their letters and digits"),
        ("row" = String, Path, description = "The row's identity or its name"),
    ),
    request_body = BugReport,
    responses(
        (status = 201, description = "It is linked and shown", body = BugReceipt),
        (status = 200, description = "It was linked before", body = BugReceipt),
        (status = 400, description = "It cannot be understood; nothing is linked", body = ErrorBody),
        (status = 401, description = "The token is missing, unknown, expired or revoked", body = ErrorBody),
        (status = 403, description = "The token may not write this group", body = ErrorBody),
        (status = 404, description = "There is no such group, or it has no such row", body = ErrorBody),
        (status = 503, description = "Not now; nothing is linked", body = ErrorBody),
    )
)]
pub(super) async fn link_bug(
    State(reader): State<Arc<Reader>>,
    Caller { intake, bearer }: Caller,
    Path((group, row)): Path<(String, String)>,
    Small(body): Small,
) -> Result<Response, ApiError> {
    let report: BugReport = read_json("issue", &body)?;
    let row = reader.find_row(&group, &row).await?;
    let (url, is_new) = intake.link_bug(&bearer, &row, &report).await?;
    reader.publish_bugs().await.map_err(IntakeError::from)?;
    let receipt = BugReceipt {
        group: row.group,
        row: row.id,
        url,
        is_new,
    };
    Ok(written(receipt.is_new, receipt))
}

/// Which issue is meant.
#[derive(Debug, Deserialize)]
pub(super) struct BugQuery {
    url: String,
}

/// An issue does not belong to a row.
#[utoipa::path(
    delete,
    path = "/api/v2/groups/{group}/rows/{row}/bugs",
    params(
        ("group" = String, Path, description = "A test group that a tab shows. Names match by their letters and digits"),
        ("row" = String, Path, description = "The row's identity or its name"),
        ("url" = String, Query, description = "The issue's address"),
    ),
    responses(
        (status = 204, description = "It is not linked any more"),
        (status = 400, description = "A parameter is missing", body = ErrorBody),
        (status = 401, description = "The token is missing, unknown, expired or revoked", body = ErrorBody),
        (status = 403, description = "The token may not write this group", body = ErrorBody),
        (status = 404, description = "There is no such group or row, or the issue is not linked to it", body = ErrorBody),
        (status = 503, description = "Not now; nothing is changed", body = ErrorBody),
    )
)]
pub(super) async fn unlink_bug(
    State(reader): State<Arc<Reader>>,
    Caller { intake, bearer }: Caller,
    Path((group, row)): Path<(String, String)>,
    Query(query): Query<BugQuery>,
) -> Result<StatusCode, ApiError> {
    // A row that is gone can be cleared too.
    let (group, row) = match reader.find_row(&group, &row).await {
        Ok(found) => (found.group, found.id),
        Err(_) => (group, row),
    };
    intake.unlink_bug(&bearer, &group, &row, &query.url).await?;
    reader.publish_bugs().await.map_err(IntakeError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a small body says; `what` is the word for it.
fn read_json<T: DeserializeOwned>(what: &str, body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body)
        .map_err(|error| ApiError::BadRequest(format!("the {what} cannot be read: {error}")))
}

/// What was made of a write, which nobody may keep.
fn written(is_new: bool, receipt: impl serde::Serialize) -> Response {
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    (status, no_store, axum::Json(receipt)).into_response()
}
