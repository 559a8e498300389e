//! What a failed request answers, in one place: `{"error": {"code", "message"}}`, or the message alone
//! as text for clients of TestGrid.

use axum::{
    extract::{
        Request,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use model::wire::{ErrorBody, WireError};
use tower_http::request_id::RequestId;

use crate::intake::IntakeError;

/// After how many seconds to ask again for what is not there now.
pub(super) const RETRY_SECS: HeaderValue = HeaderValue::from_static("5");

/// Why a request failed, as the client may know it.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// The request cannot be understood; the sentence names the part.
    #[error("{0}")]
    BadRequest(String),
    /// Nobody knows who asks; the sentence says what is missing or wrong.
    #[error("{0}")]
    Unauthorized(String),
    /// Who asks may not; the sentence says what they may.
    #[error("{0}")]
    Forbidden(String),
    /// The body is too large; the sentence says how large it may be.
    #[error("{0}")]
    TooLarge(String),
    /// There is no such thing; the sentence names it.
    #[error("{0}")]
    NotFound(String),
    /// The path exists, but not with this method.
    #[error("{0} is not possible here")]
    MethodNotAllowed(axum::http::Method),
    /// Not now; the sentence says why.
    #[error("{0}")]
    Unavailable(String),
    /// Our fault. The text is for the log alone.
    #[error("{0}")]
    Internal(String),
}

impl ApiError {
    /// For programs.
    const fn code(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "bad_request",
            Self::Unauthorized(_) => "unauthorized",
            Self::Forbidden(_) => "forbidden",
            Self::TooLarge(_) => "too_large",
            Self::NotFound(_) => "not_found",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal",
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<WireError> for ApiError {
    fn from(error: WireError) -> Self {
        match error.code.as_str() {
            "bad_request" => Self::BadRequest(error.message),
            "not_found" => Self::NotFound(error.message),
            "unavailable" => Self::Unavailable(error.message),
            _ => Self::Internal(error.message),
        }
    }
}

impl From<ApiError> for WireError {
    fn from(error: ApiError) -> Self {
        Self {
            code: error.code().to_owned(),
            message: error.to_string(),
        }
    }
}

impl From<IntakeError> for ApiError {
    fn from(error: IntakeError) -> Self {
        let message = error.to_string();
        match error {
            IntakeError::Unauthorized(_) => Self::Unauthorized(message),
            IntakeError::Forbidden(_) => Self::Forbidden(message),
            IntakeError::NotFound(_) => Self::NotFound(message),
            IntakeError::Bad(_) => Self::BadRequest(message),
            IntakeError::TooLarge(_) => Self::TooLarge(message),
            IntakeError::Unavailable(_) => Self::Unavailable(message),
        }
    }
}

impl From<PathRejection> for ApiError {
    fn from(rejection: PathRejection) -> Self {
        Self::BadRequest(format!(
            "the path cannot be read: {}",
            rejection.body_text()
        ))
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::BadRequest(format!(
            "the query cannot be read: {}",
            rejection.body_text()
        ))
    }
}

impl IntoResponse for ApiError {
    /// Without its body: [`explain`] writes it, because an internal error names the request.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let said = match self {
            Self::Unauthorized(_) => {
                Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            Self::Unavailable(_) => Some((header::RETRY_AFTER, RETRY_SECS)),
            _ => None,
        };
        response.headers_mut().extend(said);
        response.extensions_mut().insert(self);
        response
    }
}

/// Marks an answer whose error, if it is one, is one line of text instead of JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain;

/// Gives every [`ApiError`] its body, and logs the internal ones: here, once.
pub(super) async fn explain(request: Request, next: Next) -> Response {
    let id = request
        .extensions()
        .get::<RequestId>()
        .and_then(|id| id.header_value().to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let mut response = next.run(request).await;
    let Some(error) = response.extensions_mut().remove::<ApiError>() else {
        return response;
    };
    let message = match &error {
        ApiError::Internal(detail) => {
            tracing::error!(request.id = %id, error = %detail, "a request failed: {detail}");
            format!("something went wrong on the server; its log says what, under request {id}")
        }
        other => other.to_string(),
    };
    let plain = response.extensions_mut().remove::<Plain>().is_some();
    let body = ErrorBody {
        error: WireError {
            code: error.code().to_owned(),
            message,
        },
    };
    // What the layers inside have said of the answer stays, but for its empty body.
    let mut headers = std::mem::take(response.headers_mut());
    for name in [header::CONTENT_LENGTH, header::CONTENT_TYPE] {
        headers.remove(name);
    }
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    if plain {
        let text = format!("{}\n", body.error.message);
        return (error.status(), headers, no_store, text).into_response();
    }
    (error.status(), headers, no_store, axum::Json(body)).into_response()
}
