//! Puts our name into the calls that aws-config makes by itself (web identity, profiles' roles, SSO):
//! it does not hand the application's name on to the clients that it makes for them.

use crate::sign::USER_AGENT;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// An HTTP client whose requests carry our name before their own.
#[derive(Debug)]
pub(crate) struct Named(pub(crate) SharedHttpClient);

#[derive(Debug)]
struct NamedConnector(SharedHttpConnector);

impl HttpClient for Named {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(NamedConnector(self.0.http_connector(settings, components)))
    }
}

impl HttpConnector for NamedConnector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        // Signatures leave this header out, so it may still change here.
        let own = request.headers().get("user-agent").unwrap_or_default().to_owned();
        request.headers_mut().insert("user-agent", format!("{USER_AGENT} {own}"));
        self.0.call(request)
    }
}
