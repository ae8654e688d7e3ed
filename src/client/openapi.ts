/** Types of the sidecar’s API. Made from schema/sidecar.openapi.json by `npm run generate`: do not edit. */

export interface paths {
  '/admin/airbyte/token': {
    /**
     * State of the login to Airbyte
     * @description Never the token itself.
     *
     * Permission: `platform` (role admin).
     */
    get: operations['getAirbyteTokenStatus'];
  };
  '/admin/api-keys': {
    /**
     * List the API keys of the platform
     * @description Permission: `platform` (role admin).
     */
    get: operations['listPlatformApiKeys'];
    /**
     * Make an API key of the platform (role admin)
     * @description Permission: `platform` (role admin).
     */
    post: operations['createPlatformApiKey'];
  };
  '/admin/api-keys/{id}': {
    /**
     * Revoke an API key of the platform
     * @description Permission: `platform` (role admin).
     */
    delete: operations['revokePlatformApiKey'];
  };
  '/admin/overview': {
    /**
     * How all is, and what needs a person now
     * @description Permission: `platform` (role admin).
     */
    get: operations['getOverview'];
  };
  '/admin/setup': {
    /**
     * Check list of the first run: what is set up, and what to fix
     * @description Permission: `platform` (role admin).
     */
    get: operations['getSetup'];
  };
  '/admin/syncs': {
    /**
     * Syncs that fail or are held up now
     * @description Permission: `platform` (role admin).
     */
    get: operations['listFailingSyncs'];
  };
  '/admin/tenants/health': {
    /**
     * Health of every tenant’s integrations
     * @description Permission: `platform` (role admin).
     */
    get: operations['getTenantsHealth'];
  };
  '/admin/usage': {
    /**
     * Usage of all tenants by day
     * @description Permission: `platform` (role admin).
     */
    get: operations['getEveryUsage'];
  };
  '/api/v1/tools': {
    /**
     * List the tools of an integration’s MCP server
     * @description Permission: `tokens.use` (role admin, app).
     */
    get: operations['listTools'];
  };
  '/api/v1/tools/invoke': {
    /**
     * Invoke a tool of an integration’s MCP server
     * @description Permission: `tokens.use` (role admin, app).
     */
    post: operations['invokeTool'];
  };
  '/catalog': {
    /**
     * What tenants can be connected to
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['listCatalog'];
  };
  '/catalog/{integration}': {
    /**
     * A service that tenants can be connected to
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['getCatalogEntry'];
  };
  '/connect/{token}': {
    /**
     * The page of a connect link
     * @description HTML. To look at it uses nothing up: programs that preview links do no harm.
     */
    get: operations['showConnectPage'];
    /** The button of a connect link: binds the browser, uses the link up, and goes on to the provider */
    post: operations['submitConnectPage'];
  };
  '/embed/flows/{id}': {
    /** How connecting goes */
    get: operations['getEmbeddedFlow'];
  };
  '/embed/integrations': {
    /** Integrations that the token is for */
    get: operations['listEmbeddedIntegrations'];
  };
  '/embed/integrations/{integration}': {
    /** Disconnect an integration, where the token may */
    delete: operations['disconnectEmbedded'];
  };
  '/embed/integrations/{integration}/connect': {
    /**
     * Begin to connect an integration, in a popup
     * @description The popup tells the page, whose origin the request names, when it is done.
     */
    post: operations['beginEmbeddedFlow'];
  };
  '/health': {
    /** The process is alive */
    get: operations['getHealth'];
  };
  '/metrics': {
    /**
     * Metrics for Prometheus
     * @description For role admin, or for anybody with spec.sidecar.publicMetrics. The labels name tenants.
     *
     * Permission: `platform` (role admin).
     */
    get: operations['getMetrics'];
  };
  '/oauth/authorize/{integration}': {
    /**
     * Begin to connect an integration
     * @description Permission: `credentials.write` (role admin, tenant-admin, app).
     */
    get: operations['beginFlow'];
  };
  '/oauth/callback/{integration}': {
    /**
     * Redirect URL for providers
     * @description Only the browser that began the flow, within 10 minutes, once. Answers with a redirect to the address of the flow, or a page; problem+json where Accept asks for JSON.
     */
    get: operations['completeFlow'];
  };
  '/oauth/flows/{id}': {
    /**
     * How a flow goes
     * @description For the caller that began it, and for the browser with its cookie.
     */
    get: operations['getFlow'];
  };
  '/oauth/install/{integration}': {
    /**
     * Begin to connect an integration, in a browser: redirects to the provider
     * @description For a session’s browser. A navigation from another site, another kind of caller and an integration with a form are sent to the page of a connect link first.
     *
     * Permission: `credentials.write` (role admin, tenant-admin, app).
     */
    get: operations['openProvider'];
  };
  '/oauth/installations': {
    /**
     * Installations of the caller’s tenants
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['listInstallations'];
  };
  '/oauth/installations/{id}': {
    /**
     * End an installation, here and at the provider
     * @description Permission: `credentials.write` (role admin, tenant-admin, app).
     */
    delete: operations['revokeInstallation'];
    /**
     * Suspend an installation, or let it go on
     * @description Permission: `credentials.write` (role admin, tenant-admin, app).
     */
    patch: operations['updateInstallation'];
  };
  '/oauth/installations/{id}/webhook-secret': {
    /**
     * Set what this installation’s webhooks are signed with
     * @description Permission: `tenant.manage` (role admin, tenant-admin).
     */
    put: operations['setWebhookSecret'];
  };
  '/proxy/{integration}/{path}': {
    /**
     * Call the API of a service with the tenant’s credential
     * @description The path after the integration goes to the base URL of its catalog entry, the body streams both ways. X-Tenantry-Tenant names the tenant where the caller has several; X-Tenantry-Host names another host of the catalog entry.
     *
     * Permission: `tokens.use` (role admin, app).
     */
    get: operations['proxyGet'];
    /**
     * Call the API of a service with the tenant’s credential
     * @description The path after the integration goes to the base URL of its catalog entry, the body streams both ways. X-Tenantry-Tenant names the tenant where the caller has several; X-Tenantry-Host names another host of the catalog entry.
     *
     * Permission: `tokens.use` (role admin, app).
     */
    put: operations['proxyPut'];
    /**
     * Call the API of a service with the tenant’s credential
     * @description The path after the integration goes to the base URL of its catalog entry, the body streams both ways. X-Tenantry-Tenant names the tenant where the caller has several; X-Tenantry-Host names another host of the catalog entry.
     *
     * Permission: `tokens.use` (role admin, app).
     */
    post: operations['proxyPost'];
    /**
     * Call the API of a service with the tenant’s credential
     * @description The path after the integration goes to the base URL of its catalog entry, the body streams both ways. X-Tenantry-Tenant names the tenant where the caller has several; X-Tenantry-Host names another host of the catalog entry.
     *
     * Permission: `tokens.use` (role admin, app).
     */
    delete: operations['proxyDelete'];
    /**
     * Call the API of a service with the tenant’s credential
     * @description The path after the integration goes to the base URL of its catalog entry, the body streams both ways. X-Tenantry-Tenant names the tenant where the caller has several; X-Tenantry-Host names another host of the catalog entry.
     *
     * Permission: `tokens.use` (role admin, app).
     */
    options: operations['proxyOptions'];
    /**
     * Call the API of a service with the tenant’s credential
     * @description The path after the integration goes to the base URL of its catalog entry, the body streams both ways. X-Tenantry-Tenant names the tenant where the caller has several; X-Tenantry-Host names another host of the catalog entry.
     *
     * Permission: `tokens.use` (role admin, app).
     */
    head: operations['proxyHead'];
    /**
     * Call the API of a service with the tenant’s credential
     * @description The path after the integration goes to the base URL of its catalog entry, the body streams both ways. X-Tenantry-Tenant names the tenant where the caller has several; X-Tenantry-Host names another host of the catalog entry.
     *
     * Permission: `tokens.use` (role admin, app).
     */
    patch: operations['proxyPatch'];
  };
  '/ready': {
    /**
     * Requests may be sent here
     * @description 503 while Vault or Postgres is away, while Vault refuses the login, until the documents were read for the first time, and while the process drains before its end.
     */
    get: operations['getReadiness'];
  };
  '/session': {
    /**
     * Tell who calls
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['getCaller'];
    /**
     * Open a session for a browser
     * @description Takes an API key or a JWT as Authorization and sets the session’s cookie. A former session of this browser ends.
     */
    post: operations['openSession'];
    /**
     * End the session
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    delete: operations['endSession'];
  };
  '/session/methods': {
    /** Ways to sign in to the web UI */
    get: operations['listSignInMethods'];
  };
  '/session/oidc/callback': {
    /**
     * Redirect URL of the sign-in by OpenID Connect
     * @description Only for the browser that began, within 10 minutes, once. Sets the session’s cookie.
     */
    get: operations['completeSignIn'];
  };
  '/session/oidc/start': {
    /** Sign in by OpenID Connect: redirects to the identity provider */
    get: operations['beginSignIn'];
  };
  '/tenants': {
    /**
     * Tenants that the caller may act for
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['listTenants'];
  };
  '/tenants/{tenant}/access-log': {
    /**
     * Who used the tokens of a tenant
     * @description Newest first. Never holds a token.
     *
     * Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['listAccessRecords'];
  };
  '/tenants/{tenant}/api-keys': {
    /**
     * List the API keys of a tenant
     * @description Permission: `tenant.manage` (role admin, tenant-admin).
     */
    get: operations['listTenantApiKeys'];
    /**
     * Make an API key of a tenant
     * @description Permission: `tenant.manage` (role admin, tenant-admin).
     */
    post: operations['createTenantApiKey'];
  };
  '/tenants/{tenant}/api-keys/{id}': {
    /**
     * Revoke an API key of a tenant
     * @description Permission: `tenant.manage` (role admin, tenant-admin).
     */
    delete: operations['revokeTenantApiKey'];
  };
  '/tenants/{tenant}/embed-sessions': {
    /**
     * Make a token for the connect component
     * @description For the product’s backend, after it has seen which person of which tenant is there. The token lists the tenant’s integrations, begins and watches to connect them, and disconnects where it may.
     *
     * Permission: `credentials.write` (role admin, tenant-admin, app).
     */
    post: operations['createEmbedSession'];
  };
  '/tenants/{tenant}/integrations': {
    /**
     * Integrations of a tenant
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['listIntegrations'];
  };
  '/tenants/{tenant}/integrations/{integration}': {
    /**
     * An integration of a tenant
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['getIntegration'];
  };
  '/tenants/{tenant}/integrations/{integration}/app': {
    /**
     * Whose app at the provider is used
     * @description Permission: `credentials.write` (role admin, tenant-admin, app).
     */
    get: operations['getOwnApp'];
    /**
     * Store an app of the tenant’s own
     * @description Used instead of the platform’s, unless the document names one. Refused (Conflict) while the integration is connected; a new secret of the same app is taken at any time.
     *
     * Permission: `credentials.write` (role admin, tenant-admin, app).
     */
    put: operations['storeOwnApp'];
    /**
     * Remove the stored app of the tenant’s own
     * @description Refused (Conflict) while the integration is connected by it.
     *
     * Permission: `credentials.write` (role admin, tenant-admin, app).
     */
    delete: operations['removeOwnApp'];
  };
  '/tenants/{tenant}/integrations/{integration}/connect-links': {
    /**
     * Make a connect link
     * @description Permission: `credentials.write` (role admin, tenant-admin, app).
     */
    post: operations['createConnectLink'];
  };
  '/tenants/{tenant}/integrations/{integration}/connect-links/{id}': {
    /**
     * How a connect link went
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['getConnectLink'];
  };
  '/tenants/{tenant}/integrations/{integration}/connect-options': {
    /**
     * What connecting an integration takes
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['getConnectOptions'];
  };
  '/tenants/{tenant}/integrations/{integration}/credentials': {
    /**
     * Store a credential
     * @description For a token that is there already; people connect by a connect link.
     *
     * Permission: `credentials.write` (role admin, tenant-admin, app).
     */
    post: operations['storeCredential'];
    /**
     * End a credential, here and at the provider
     * @description Permission: `credentials.write` (role admin, tenant-admin, app).
     */
    delete: operations['revokeCredential'];
  };
  '/tenants/{tenant}/integrations/{integration}/preview': {
    /**
     * Streams, columns and keys of an integration
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['previewStreams'];
  };
  '/tenants/{tenant}/integrations/{integration}/preview/{stream}': {
    /**
     * Sample rows of a stream
     * @description Asked for at the provider with the tenant’s credential, as the proxy does: spec.access.proxy of the document must allow it, and each call counts. Nothing is stored.
     *
     * Permission: `tokens.use` (role admin, app).
     */
    get: operations['previewRows'];
  };
  '/tenants/{tenant}/integrations/{integration}/schema-changes': {
    /**
     * Changes of the source’s schema
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['listSchemaChanges'];
  };
  '/tenants/{tenant}/integrations/{integration}/schema-changes/accept': {
    /**
     * Take the source’s schema as it is now: syncs that rest because of it go on
     * @description Permission: `syncs.run` (role admin, tenant-admin, app).
     */
    post: operations['acceptSchemaChanges'];
  };
  '/tenants/{tenant}/integrations/{integration}/schema-changes/look': {
    /**
     * Compare the source’s schema with that of the last look now
     * @description What Airbyte has discovered last is compared: it looks for itself before a sync, at most once a day. Where the sidecar runs the schedules, this happens before a run anyhow.
     *
     * Permission: `syncs.run` (role admin, tenant-admin, app).
     */
    post: operations['lookAtSchema'];
  };
  '/tenants/{tenant}/integrations/{integration}/syncs': {
    /**
     * Runs of an integration
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['listSyncs'];
    /**
     * Start a run
     * @description One run of an integration at a time: where one is under way or waits already, that one is given, with status 200.
     *
     * Permission: `syncs.run` (role admin, tenant-admin, app).
     */
    post: operations['startSync'];
  };
  '/tenants/{tenant}/integrations/{integration}/syncs/{id}': {
    /**
     * A run
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['getSync'];
    /**
     * Cancel a run
     * @description A run that has ended is given as it is. Rows that have arrived stay.
     *
     * Permission: `syncs.run` (role admin, tenant-admin, app).
     */
    delete: operations['cancelSync'];
  };
  '/tenants/{tenant}/integrations/{integration}/syncs/{id}/events': {
    /**
     * Progress of a run as it happens
     * @description Server-sent events: `run` with a SyncRun at once and after each change, `end` with the last one. A stream that ends without `end` was cut off: connect again, which browsers do by themselves.
     *
     * Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['followSync'];
  };
  '/tenants/{tenant}/integrations/{integration}/syncs/{id}/log': {
    /**
     * What happened in a run, in plain words
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['getSyncLog'];
  };
  '/tenants/{tenant}/integrations/{integration}/token': {
    /**
     * The token of a tenant’s integration, refreshed where it is about to end
     * @description Permission: `tokens.use` (role admin, app).
     */
    get: operations['getToken'];
  };
  '/tenants/{tenant}/quotas': {
    /**
     * Quotas of a tenant: limit, used, and when it begins anew
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['getQuotas'];
  };
  '/tenants/{tenant}/sync-states': {
    /**
     * How the syncs of a tenant are, and when they are due next
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['listSyncStates'];
  };
  '/tenants/{tenant}/syncs': {
    /**
     * Runs of all integrations of a tenant
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['listTenantSyncs'];
  };
  '/tenants/{tenant}/usage': {
    /**
     * Usage of a tenant by day
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['getUsage'];
  };
  '/tenants/{tenant}/webhook-deliveries': {
    /**
     * Deliveries of a tenant, the newest first
     * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
     */
    get: operations['listWebhookDeliveries'];
  };
  '/tenants/{tenant}/webhook-deliveries/{id}/retry': {
    /**
     * Send a delivery again that is dead or waits
     * @description Now, and then as often as a new one.
     *
     * Permission: `tenant.manage` (role admin, tenant-admin).
     */
    post: operations['retryWebhookDelivery'];
  };
  '/tenants/{tenant}/webhook-endpoints': {
    /**
     * Endpoints of a tenant
     * @description Permission: `tenant.manage` (role admin, tenant-admin).
     */
    get: operations['listWebhookEndpoints'];
    /**
     * Make an endpoint
     * @description Its secret is shown in this answer and never again.
     *
     * Permission: `tenant.manage` (role admin, tenant-admin).
     */
    post: operations['createWebhookEndpoint'];
  };
  '/tenants/{tenant}/webhook-endpoints/{id}': {
    /**
     * Delete an endpoint and what waits for it
     * @description Permission: `tenant.manage` (role admin, tenant-admin).
     */
    delete: operations['deleteWebhookEndpoint'];
  };
  '/token': {
    /**
     * The token of an account at a provider, among the caller’s tenants
     * @description Permission: `tokens.use` (role admin, app).
     */
    get: operations['findToken'];
  };
  '/webhooks/{integration}': {
    /** A delivery of a provider, signed with the secret of the app */
    post: operations['receiveWebhook'];
  };
  '/webhooks/{integration}/verification-tokens': {
    /**
     * Signing secrets that the provider sent when the address was set up
     * @description Within the last hour, and while the app has none.
     *
     * Permission: `platform` (role admin).
     */
    get: operations['listVerificationTokens'];
  };
  '/webhooks/{integration}/{installation}': {
    /** A delivery for one installation, signed with its own secret or that of its app */
    post: operations['receiveInstallationWebhook'];
  };
}

export type webhooks = Record<string, never>;

export interface components {
  schemas: {
    /** @description One use of a token. */
    AccessRecord: {
      id: string;
      /** Format: date-time */
      at: string;
      integration: string;
      /** @enum {string} */
      action:
        | 'token.read'
        | 'token.refresh'
        | 'token.store'
        | 'token.revoke'
        | 'proxy'
        | 'tool'
        | 'connect'
        | 'preview'
        | 'sync.check'
        | 'app.store'
        | 'app.remove';
      /** @description Id of the caller, or system:… */
      actor: string;
      requestId: string | null;
      /** @description ok, or an error code. */
      outcome: string;
      detail: string | null;
    };
    /** @description Uses of the tokens of a tenant. */
    AccessRecords: {
      tenant: string;
      records: components['schemas']['AccessRecord'][];
    };
    /** @description The login to Airbyte. */
    AirbyteTokenStatus: {
      /**
       * @description How Tenantry logs in to Airbyte.
       * @enum {string}
       */
      method: 'client_credentials' | 'api_key';
      /** @description Life left of the token in use; absent before the first login. */
      secondsLeft?: number;
      lastError?: string;
    };
    /** @description An API key, without the key itself. */
    ApiKey: {
      id: string;
      /** @description Null: a key of the platform. */
      tenant: string | null;
      name: string;
      /** @enum {string} */
      role: 'admin' | 'tenant-admin' | 'app' | 'viewer';
      createdBy: string;
      createdAt: string;
      expiresAt: string | null;
      /** @description To within a minute. */
      lastUsedAt: string | null;
      revokedAt: string | null;
    };
    /** @description API keys. */
    ApiKeys: {
      apiKeys: components['schemas']['ApiKey'][];
    };
    /** @description A flow that was begun. */
    BegunFlow: {
      /**
       * Format: uri
       * @description Where the person’s browser goes. For a session: the provider. For other callers, whose person has a browser that is not known yet: a page of ours with one button, good for one use and 10 minutes.
       */
      authorizationUrl: string;
      /** @description State of the flow (RFC 6749 section 4.1.1), to tell flows apart. */
      state: string;
      /**
       * Format: uuid
       * @description Id of the flow: GET /oauth/flows/{id} tells how it goes.
       */
      flow: string;
    };
    /** @description Who calls. */
    CallerInfo: {
      caller: {
        /** @enum {string} */
        kind: 'jwt' | 'api-key' | 'session' | 'kubernetes' | 'loopback';
        /** @description As in the audit. */
        id: string;
        /** @enum {string} */
        role: 'admin' | 'tenant-admin' | 'app' | 'viewer';
        /** @description Tenants that the caller may act for. */
        tenants: 'all' | string[];
      };
      /** @description Of a session: to be sent as X-Tenantry-CSRF with each request that changes something. */
      csrfToken?: string;
      /** @description When the session ends (RFC 3339). */
      expiresAt?: string;
    };
    /** @description What tenants can be connected to. */
    Catalog: {
      /** @description By name. */
      integrations: components['schemas']['CatalogSummary'][];
    };
    /** @description A service that tenants can be connected to. */
    CatalogEntry: {
      /** @description Id of the catalog entry, e.g. notion. */
      id: string;
      /** @description Name that people see. */
      name: string;
      category: string;
      /** @description The service’s own page about it. */
      docs: string;
      /**
       * @description How a tenant connects.
       * @enum {string}
       */
      auth: 'oauth2' | 'github_app' | 'api_key' | 'basic' | 'oauth2_client_credentials' | 'aws_role';
      /**
       * @description redirect: the person goes to the provider; form: they type something in; none: nothing is asked.
       * @enum {string}
       */
      connectStyle: 'redirect' | 'form' | 'none';
      /**
       * @description Has the platform an app at the provider? unneeded: this kind of auth has none.
       * @enum {string}
       */
      app: 'platform' | 'missing' | 'unneeded';
      /** @description Streams that are synced where a document names none. */
      streams: number;
      offers: {
        syncs: boolean;
        proxy: boolean;
        webhooks: boolean;
        /** @description Has it an MCP server? */
        tools: boolean;
      };
      /** @description Asked for where a document names none. */
      scopes: {
        name: string;
        /** @description What it lets us do; null: the catalog does not say. */
        explanation: string | null;
      }[];
      /** @description What a person types in to connect. */
      form: {
        /** @description Name of the field in the request. */
        key: string;
        label: string;
        /** @description To be typed unseen, and never shown again. */
        secret: boolean;
        required: boolean;
        help: string | null;
      }[];
      /** @description Fields of spec.config of a document. */
      settings: {
        /** @description Name of the field in the request. */
        key: string;
        label: string;
        /** @description To be typed unseen, and never shown again. */
        secret: boolean;
        required: boolean;
        help: string | null;
        /** @enum {string} */
        type: 'string' | 'integer' | 'boolean' | 'array' | 'object';
        example?: unknown;
      }[];
      streamList: {
        name: string;
        /** @description Null: full refresh. */
        syncMode: string | null;
      }[];
      /** @description Hosts that the proxy calls. */
      hosts: string[];
    };
    /** @description A service in a list. */
    CatalogSummary: {
      /** @description Id of the catalog entry, e.g. notion. */
      id: string;
      /** @description Name that people see. */
      name: string;
      category: string;
      /** @description The service’s own page about it. */
      docs: string;
      /**
       * @description How a tenant connects.
       * @enum {string}
       */
      auth: 'oauth2' | 'github_app' | 'api_key' | 'basic' | 'oauth2_client_credentials' | 'aws_role';
      /**
       * @description redirect: the person goes to the provider; form: they type something in; none: nothing is asked.
       * @enum {string}
       */
      connectStyle: 'redirect' | 'form' | 'none';
      /**
       * @description Has the platform an app at the provider? unneeded: this kind of auth has none.
       * @enum {string}
       */
      app: 'platform' | 'missing' | 'unneeded';
      /** @description Streams that are synced where a document names none. */
      streams: number;
      offers: {
        syncs: boolean;
        proxy: boolean;
        webhooks: boolean;
        /** @description Has it an MCP server? */
        tools: boolean;
      };
    };
    /** @description How a link went. */
    ConnectLinkStatus: {
      /** Format: uuid */
      id: string;
      /**
       * @description pending: not opened; used: the person is at the provider.
       * @enum {string}
       */
      status: 'pending' | 'used' | 'complete' | 'failed' | 'expired';
      /** @description failed: why. */
      error?: string;
      /**
       * Format: date-time
       * @description RFC 3339.
       */
      expiresAt: string;
    };
    /** @description What connecting an integration takes. */
    ConnectOptions: {
      /** @description Name of the Tenant document. */
      tenant: string;
      /** @description Name of the tenant that people see. */
      tenantName: string;
      /** @description Id of the catalog entry, e.g. notion. */
      integration: string;
      /** @description Name of the service that people see. */
      name: string;
      /** @description The service’s own page about it. */
      docs: string;
      /**
       * @description redirect: the person goes to the provider; form: they type something in; none: nothing is asked.
       * @enum {string}
       */
      style: 'redirect' | 'form' | 'none';
      /**
       * @description State of the credential that is there.
       * @enum {string}
       */
      status: 'active' | 'expired' | 'needs_reauthorization' | 'revoked' | 'missing' | 'suspended';
      /** @description Of the form; POST …/credentials takes them as `fields`. */
      fields: {
        /** @description Name of the field in the request. */
        key: string;
        label: string;
        /** @description To be typed unseen, and never shown again. */
        secret: boolean;
        required: boolean;
        help: string | null;
      }[];
      /** @description What the person is asked to agree to. */
      scopes: {
        name: string;
        /** @description What it lets us do; null: the catalog does not say. */
        explanation: string | null;
      }[];
      /** @description Of these, what the token that is there lacks: connecting again asks for them. */
      missingScopes: {
        name: string;
        /** @description What it lets us do; null: the catalog does not say. */
        explanation: string | null;
      }[];
      /**
       * @description Whose app at the provider is used. missing: there is none, so nobody can connect.
       * @enum {string}
       */
      app: 'own' | 'platform' | 'missing' | 'unneeded';
      /** @description An app of the tenant’s own, instead of the platform’s. */
      ownApp: {
        /** @description May the tenant have an app of its own? */
        allowed: boolean;
        /** @description Does PUT …/app take it? Else it comes by the document alone. */
        storable: boolean;
        /** @description Fields of PUT …/app, and of spec.app of the document. */
        fields: {
          /** @description Name of the field in the request. */
          key: string;
          label: string;
          /** @description To be typed unseen, and never shown again. */
          secret: boolean;
          required: boolean;
          help: string | null;
        }[];
        /** @description What to add to the document, as YAML. */
        document: string;
      };
      /** @description To be registered with the app at the provider; null: nobody is sent there. */
      redirectUrl: string | null;
      /** @description Why nobody can connect now. */
      problem: {
        /** @description A code of the errors of Tenantry, e.g. ConnectDenied. */
        code: string;
        message: string;
        hint: string;
      } | null;
    };
    /** @description An API key that was made. */
    CreatedApiKey: {
      id: string;
      /** @description Null: a key of the platform. */
      tenant: string | null;
      name: string;
      /** @enum {string} */
      role: 'admin' | 'tenant-admin' | 'app' | 'viewer';
      createdBy: string;
      createdAt: string;
      expiresAt: string | null;
      /** @description To within a minute. */
      lastUsedAt: string | null;
      revokedAt: string | null;
      /** @description The key. It is shown this once. */
      key: string;
    };
    /** @description A link that was made. */
    CreatedConnectLink: {
      /**
       * Format: uuid
       * @description Id of the link, to ask how it went. It opens nothing.
       */
      id: string;
      /**
       * Format: uri
       * @description Address to open, good for one use. Whoever has it can connect: treat it as a secret.
       */
      url: string;
      /**
       * Format: date-time
       * @description RFC 3339.
       */
      expiresAt: string;
    };
    /** @description An endpoint that was made. */
    CreatedWebhookEndpoint: {
      /** Format: uuid */
      id: string;
      /** @description Address that is called. */
      url: string;
      /** @description Integrations whose events go there; empty: all. */
      integrations: string[];
      /** Format: date-time */
      createdAt: string;
      /** @description Since when nothing is sent: it answered 410 (Gone). */
      disabledAt: string | null;
      /** @description It failed several times in a row: nothing is sent until then. */
      pausedUntil: string | null;
      /** @description Signs the messages (Standard Webhooks), whsec_ and base64. */
      secret: string;
    };
    /** @description A token of the connect component. */
    EmbedSession: {
      /** @description For the connect component in a page of the product. Shown once; good for these few routes alone. */
      token: string;
      /**
       * Format: date-time
       * @description RFC 3339.
       */
      expiresAt: string;
      /** @description Name of the Tenant document. */
      tenant: string;
      /** @description Null: all of the tenant. */
      integrations: string[] | null;
    };
    /** @description Connecting was begun. */
    EmbeddedFlow: {
      /**
       * Format: uri
       * @description To be opened in a popup. Good for one use and 10 minutes.
       */
      url: string;
      /**
       * Format: uuid
       * @description GET /embed/flows/{id} tells how it goes.
       */
      flow: string;
      /**
       * Format: date-time
       * @description RFC 3339.
       */
      expiresAt: string;
    };
    /** @description How connecting goes. */
    EmbeddedFlowStatus: {
      /** @enum {string} */
      status: 'pending' | 'complete' | 'failed';
      /** @description failed: why. */
      error?: string;
    };
    /** @description An integration in the connect component. */
    EmbeddedIntegration: {
      /** @description Id of the catalog entry, e.g. notion. */
      integration: string;
      /** @description Name that people see. */
      name: string;
      /**
       * @description What the popup asks of the person.
       * @enum {string}
       */
      style: 'redirect' | 'form' | 'none';
      /** @enum {string} */
      status: 'active' | 'expired' | 'needs_reauthorization' | 'revoked' | 'missing' | 'suspended';
      /** @description What the person is asked to agree to. */
      scopes: {
        name: string;
        /** @description What it lets us do; null: the catalog does not say. */
        explanation: string | null;
      }[];
      /** @description Of these, what the token that is there lacks. */
      missingScopes: {
        name: string;
        /** @description What it lets us do; null: the catalog does not say. */
        explanation: string | null;
      }[];
      mayDisconnect: boolean;
    };
    /** @description What the connect component shows. */
    EmbeddedIntegrations: {
      /** @description Name of the tenant that people see. */
      tenantName: string;
      integrations: components['schemas']['EmbeddedIntegration'][];
    };
    /**
     * @description Stable code of a problem. New versions may add some.
     * @enum {string}
     */
    ErrorCode:
      | 'InvalidDocument'
      | 'StackNotFound'
      | 'CatalogInvalid'
      | 'MissingSetting'
      | 'VaultUnreachable'
      | 'VaultSealed'
      | 'VaultUnauthorized'
      | 'VaultForbidden'
      | 'VaultError'
      | 'VaultUnavailable'
      | 'VaultEncryptionError'
      | 'PostgresUnreachable'
      | 'PostgresUnauthorized'
      | 'PostgresForbidden'
      | 'PostgresUnavailable'
      | 'PostgresError'
      | 'AirbyteUnreachable'
      | 'AirbyteUnauthorized'
      | 'AirbyteForbidden'
      | 'AirbyteRejected'
      | 'AirbyteUnavailable'
      | 'AirbyteError'
      | 'KubernetesUnreachable'
      | 'KubernetesUnavailable'
      | 'KubernetesUnauthorized'
      | 'KubernetesForbidden'
      | 'KubernetesGone'
      | 'KubernetesRejected'
      | 'Conflict'
      | 'NotOwned'
      | 'OwnedByAnother'
      | 'TimedOut'
      | 'Blocked'
      | 'ConfirmationRequired'
      | 'Locked'
      | 'CredentialNotFoundError'
      | 'SecretNotFound'
      | 'Unauthenticated'
      | 'IssuerUnavailable'
      | 'Forbidden'
      | 'NotFound'
      | 'InvalidRequest'
      | 'PayloadTooLarge'
      | 'RateLimited'
      | 'QuotaExceeded'
      | 'ShuttingDown'
      | 'StateInvalid'
      | 'RedirectNotAllowed'
      | 'ConnectDenied'
      | 'ApprovalPending'
      | 'AccountMismatch'
      | 'NeedsReauthorization'
      | 'ScopesMissing'
      | 'NotSupported'
      | 'ProviderUnavailable'
      | 'ProviderRejected'
      | 'AddressNotAllowed'
      | 'UpstreamUnreachable'
      | 'UpstreamTimeout'
      | 'WebhookSignatureInvalid'
      | 'NotWritable'
      | 'Cancelled'
      | 'InvalidUsage'
      | 'Internal';
    /** @description Usage of all tenants by day. */
    EveryUsage: {
      tenants: components['schemas']['Usage'][];
    };
    /** @description What the form of the connect page asks for, e.g. role_arn of auth kind aws_role. */
    FieldsCredential: {
      fields: {
        [key: string]: string;
      };
    };
    /** @description How a flow goes. */
    FlowStatus: {
      /**
       * @description pending: the person is not back yet, or their link was not opened.
       * @enum {string}
       */
      status: 'pending' | 'complete' | 'failed';
      /** @description failed: why. StateInvalid: nobody came back in time. */
      error?: string;
    };
    /** @description The process is alive. */
    Health: {
      /** @constant */
      status: 'ok';
      version: string;
    };
    /** @description An account of a tenant at a provider. */
    Installation: {
      /** Format: uuid */
      id: string;
      /** @description Id of the catalog entry, e.g. notion. */
      platform: string;
      /** @description Name of the Tenant document. */
      tenantId: string;
      /**
       * @description suspended: the token rests and is given to nobody.
       * @enum {string}
       */
      status: 'active' | 'suspended' | 'revoked';
      /** @description State of the credential. */
      credentialState: string;
      reason: {
        /** @description A code of the errors of Tenantry, e.g. ConnectDenied. */
        code: string;
        message: string;
      } | null;
      /** @description Organisation, workspace or site at the provider. */
      externalOrgId: string | null;
      externalOrgName: string | null;
      /** @description Installation, as the provider’s webhooks name it. */
      externalInstallId: string | null;
      scopes: string[];
      permissions: {
        [key: string]: unknown;
      };
      /** @description Caller that began to connect. */
      installedBy: string | null;
      metadata: {
        [key: string]: unknown;
      };
      /** @description Has it a webhook secret of its own? */
      hasWebhookSecret: boolean;
      /**
       * Format: date-time
       * @description RFC 3339.
       */
      createdAt: string;
      lastUsedAt: string | null;
      revokedAt: string | null;
    };
    /** @description A page of installations, in no meaningful order. */
    InstallationPage: {
      installations: components['schemas']['Installation'][];
      /** @description For `after`; null: this is the last page. */
      next: string | null;
    };
    /** @description An integration of a tenant. */
    Integration: {
      /** @description Id of the catalog entry, e.g. notion. */
      integration: string;
      /** @description Name that people see. */
      name: string;
      /** @description Category of the catalog entry. */
      category: string;
      /** @description Is there a credential? */
      hasCredentials: boolean;
      /**
       * @description State of the credential.
       * @enum {string}
       */
      status: 'active' | 'expired' | 'needs_reauthorization' | 'revoked' | 'missing' | 'suspended';
      /** @description Why it is not active, or ScopesMissing where it is but lacks scopes of the document. */
      reason: {
        /** @description A code of the errors of Tenantry, e.g. ConnectDenied. */
        code: string;
        message: string;
      } | null;
      /** @description When the tenant connected. */
      createdAt: string | null;
      /** @description When the access token ends; null: it does not, by the clock. */
      expiresAt: string | null;
      lastRefreshedAt: string | null;
      /** @description Scopes that the token has. */
      scopes: string[];
      /** @description Scopes of the document that it lacks: connect again to agree to them. */
      missingScopes: string[];
      /**
       * @description redirect: the person goes to the provider; form: they type something in; none: nothing is asked.
       * @enum {string}
       */
      connectStyle: 'redirect' | 'form' | 'none';
    };
    /** @description How one credential is. */
    IntegrationHealth: {
      tenant: string;
      integration: string;
      healthy: boolean;
      /**
       * @description missing: never connected.
       * @enum {string}
       */
      status: 'active' | 'expired' | 'needs_reauthorization' | 'revoked' | 'suspended' | 'missing';
      /** @description Error code of what is wrong. */
      code?: string;
      /** @description In words, without secrets. */
      reason?: string;
      /** Format: date-time */
      expiresAt?: string;
    };
    /** @description Integrations of a tenant. */
    Integrations: {
      /** @description Name of the Tenant document. */
      tenantId: string;
      integrations: components['schemas']['Integration'][];
    };
    /** @description Something that needs a person. */
    Need: {
      /** @description Name of the Tenant document. */
      tenant: string;
      /** @description Name of the tenant that people see. */
      tenantName: string;
      /** @description Id of the catalog entry, e.g. notion. */
      integration: string;
      /** @description Name of the service that people see. */
      name: string;
      /** @enum {string} */
      about: 'credential' | 'sync';
      /** @description A code of the errors of Tenantry, e.g. ConnectDenied. */
      code: string;
      /** @description In plain words, without secrets. */
      reason: string;
      /** @description The next step. */
      remedy: string;
      /**
       * Format: date-time
       * @description RFC 3339.
       */
      since: string;
    };
    /**
     * @description A connect link.
     * @default {}
     */
    NewConnectLink: {
      /** @description Where the person is sent afterwards, with `status` (connected or failed), `integration` and `error` in the query. Must be in spec.sidecar.redirectUris or below /ui/. Default: a page of ours says how it went. */
      redirectUri?: string;
      /** @description Origin of the page that opens the popup. It gets the message {type: "oauth_complete", integration, status}. Must be in spec.sidecar.origins or our own. */
      openerOrigin?: string;
      /**
       * @description Life of the link, in seconds; at most 7 days. Default 3600.
       * @default 3600
       */
      expiresInSeconds?: number;
    };
    /**
     * @description What a token of the connect component may do.
     * @default {}
     */
    NewEmbedSession: {
      /** @description Only these integrations. Default: all that documents connect the tenant to. */
      integrations?: string[];
      /**
       * @description May the person disconnect too? Default false.
       * @default false
       */
      mayDisconnect?: boolean;
      /**
       * @description Life of the token, in seconds; at most an hour. Default 900.
       * @default 900
       */
      expiresInSeconds?: number;
    };
    /** @description An API key of the platform, with role admin. */
    NewPlatformApiKey: {
      /** @description What the key is for. */
      name: string;
      /** @description Days until the key ends. Default: it does not. */
      expiresInDays?: number;
    };
    /** @description An API key of a tenant. */
    NewTenantApiKey: {
      /** @description What the key is for. */
      name: string;
      /**
       * @description Default app.
       * @default app
       * @enum {string}
       */
      role?: 'tenant-admin' | 'app' | 'viewer';
      /** @description Days until the key ends. Default: it does not. */
      expiresInDays?: number;
    };
    /** @description An endpoint to make. */
    NewWebhookEndpoint: {
      /** @description Public https address. */
      url: string;
      /**
       * @description Integrations whose events go there. Default: all.
       * @default []
       */
      integrations?: string[];
    };
    /** @description How all is. */
    Overview: {
      counts: {
        tenants: number;
        integrations: number;
        healthy: number;
        /** @description Were connected, and somebody has to do something about them. */
        needPerson: number;
        /** @description Not connected yet, or disconnected. */
        waiting: number;
        suspended: number;
        /** @description Integrations whose last run failed. */
        failingSyncs: number;
        /** @description Integrations that are due and not begun, e.g. because of a quota. */
        heldSyncs: number;
        /** @description Runs that began today, UTC. */
        syncsToday: number;
        /** @description Rows that syncs brought today, UTC. */
        rowsToday: number;
      };
      /** @description What needs a person now, worst first; at most 100. */
      needs: components['schemas']['Need'][];
      /** @description How many there are in all. */
      needsTotal: number;
      /**
       * Format: date-time
       * @description When it was so.
       */
      at: string;
    };
    /** @description Whose app at the provider is used. Never its secret. */
    OwnApp: {
      /**
       * @description Where the app that is used comes from: the tenant’s document, else what the tenant has stored here, else the platform.
       * @enum {string}
       */
      source: 'document' | 'stored' | 'platform' | 'missing';
      /** @description Of the tenant’s own app; null: it has none, or its document keeps it in Vault. */
      clientId: string | null;
      /** @description When the stored app came; null: it is not a stored one. */
      since: string | null;
      /** @description Id of the caller that stored it. */
      by: string | null;
    };
    /** @description An app of the tenant’s own at the provider. */
    OwnAppCredentials: {
      /** @description Client id, as the provider shows it. */
      clientId: string;
      /** @description Client secret; kept encrypted with the tenant’s key and never shown again. */
      clientSecret: string;
      /** @description Id of a GitHub App. */
      appId?: string;
      /** @description Name of the app in the provider’s URLs (GitHub App, Sentry). */
      slug?: string;
      /** @description PEM of a GitHub App’s private key. */
      privateKey?: string;
      /** @description What the provider signs the app’s webhooks with. */
      webhookSecret?: string;
    };
    /** @description User name and password, for integrations of auth kind basic. */
    PasswordCredential: {
      username: string;
      password: string;
    };
    /** @description A problem (RFC 9457). */
    Problem: {
      /** @description URI of the kind of problem; ends with the code. */
      type: string;
      /** @description The code in words. */
      title: string;
      /** @description HTTP status. */
      status: number;
      code: components['schemas']['ErrorCode'];
      /** @description What went wrong here. Never holds a secret. */
      detail: string;
      /** @description What to do next. */
      hint?: string;
      /** @description May the same request succeed later? */
      retryable: boolean;
      /** @description Id of the request, as in the log and in X-Request-Id. */
      requestId: string;
      /** @description InvalidRequest: each field that is wrong. */
      errors?: {
        path: string;
        message: string;
      }[];
    };
    /** @description One limit of what a tenant may use. */
    Quota: {
      /**
       * @description As in spec.quotas of the Tenant document.
       * @enum {string}
       */
      name: 'syncsPerDay' | 'rowsPerMonth' | 'callsPerMinute';
      /** @description Null: no limit. */
      limit: number | null;
      /** @description In the day, month or minute of now (UTC). */
      used: number;
      /**
       * Format: date-time
       * @description When `used` begins anew.
       */
      resetsAt: string;
    };
    /** @description Limits of what a tenant may use, and what it has used. */
    Quotas: {
      /** @description Name of the Tenant document. */
      tenant: string;
      quotas: components['schemas']['Quota'][];
    };
    /** @description May requests be sent here? */
    Readiness: {
      ready: boolean;
      /** @description True from the moment that the process was asked to stop. */
      draining: boolean;
      checks: {
        vault: {
          ok: boolean;
          /** @description Error code where it is not. */
          code?: string;
        };
        postgres: {
          ok: boolean;
          /** @description Error code where it is not. */
          code?: string;
        };
        /** @description Where they are custom resources: false until all were read for the first time. */
        documents?: {
          ok: boolean;
          /** @description Error code where it is not. */
          code?: string;
        };
      };
    };
    /** @description It will be sent. */
    RetriedWebhookDelivery: {
      /** Format: uuid */
      id: string;
    };
    /** @description The credential has ended. */
    RevokedCredential: {
      /** @constant */
      success: true;
      /**
       * Format: date-time
       * @description RFC 3339.
       */
      revokedAt: string;
      /**
       * @description Was it ended at the provider too? The copy here is gone in any case.
       * @enum {string}
       */
      atProvider: 'done' | 'not-supported' | 'failed';
    };
    /** @description Sample rows of a stream. They are stored nowhere. */
    RowsPreview: {
      /** @description Name of the Tenant document. */
      tenantId: string;
      /** @description Id of the catalog entry, e.g. notion. */
      integration: string;
      stream: string;
      columns: {
        name: string;
        /** @description Null: not told by the catalog, and no value shows it. Airbyte tells names of columns only. */
        type: ('string' | 'integer' | 'number' | 'boolean' | 'timestamp' | 'json') | null;
        /** @description Named like a secret: its values are not shown. */
        isHidden: boolean;
      }[];
      /** @description By column. Nested values are JSON; long ones are cut and end with an ellipsis. */
      rows: {
        [key: string]: string | number | boolean | null;
      }[];
      /** @description Were rows, columns or parts of values left out for their size? */
      isCut: boolean;
    };
    /** @description The schema is taken as it is. */
    SchemaAccepted: {
      /** @description Did syncs rest because of the schema? */
      wentOn: boolean;
    };
    /** @description Changes of the schema of a tenant’s source. */
    SchemaChanges: {
      /** @description Name of the Tenant document. */
      tenantId: string;
      /** @description Id of the catalog entry, e.g. notion. */
      integration: string;
      /**
       * @description spec.sync.schemaChanges of the document: what is done about changes.
       * @enum {string}
       */
      policy: 'ignore' | 'disable_connection' | 'propagate_columns' | 'propagate_fully';
      /** @description When the source was last looked at; null: not yet. */
      lookedAt: string | null;
      /** @description Why syncs rest; null: they do not, as far as schemas go. */
      held: {
        /**
         * Format: date-time
         * @description RFC 3339.
         */
        since: string;
        message: string;
        nextStep: string;
      } | null;
      /** @description Newest first. */
      changes: {
        stream: string;
        /** @enum {string} */
        kind: 'stream_added' | 'stream_removed' | 'field_added' | 'field_removed' | 'field_type_changed';
        /** @description Path with dots; null: the whole stream. */
        field: string | null;
        /** @description Can the sync not go on as before, e.g. because its key or cursor is gone? */
        isBreaking: boolean;
        /**
         * Format: date-time
         * @description When it was noticed; it may be a day older.
         */
        noticedAt: string;
      }[];
    };
    /** @description What changed since the look before. */
    SchemaLook: {
      changes: {
        stream: string;
        /** @enum {string} */
        kind: 'stream_added' | 'stream_removed' | 'field_added' | 'field_removed' | 'field_type_changed';
        /** @description Path with dots; null: the whole stream. */
        field: string | null;
        /** @description Can the sync not go on as before, e.g. because its key or cursor is gone? */
        isBreaking: boolean;
      }[];
    };
    /** @description Is everything set up? */
    Setup: {
      /**
       * @description The worst of all; what is not known counts as failed.
       * @enum {string}
       */
      state: 'ok' | 'warning' | 'failed';
      checks: components['schemas']['SetupCheck'][];
      /** @description The login to Airbyte; null: Airbyte is not set up. */
      airbyteToken: {
        /** @enum {string} */
        method: 'client_credentials' | 'api_key';
        /** @description Life left of the token in use; null: there is none, or it does not end. */
        secondsLeft: number | null;
        lastError: string | null;
      } | null;
      /**
       * Format: date-time
       * @description When it was looked at.
       */
      at: string;
    };
    /** @description A line of the check list. */
    SetupCheck: {
      /** @description Always the same for the same question. */
      id: string;
      /** @enum {string} */
      group: 'vault' | 'postgres' | 'airbyte' | 'address' | 'apps' | 'webhooks';
      title: string;
      /**
       * @description unknown: no answer in time.
       * @enum {string}
       */
      state: 'ok' | 'warning' | 'failed' | 'unknown';
      /** @description What was found. Never holds a secret. */
      detail: string;
      /** @description What to do; null: nothing. */
      remedy: string | null;
    };
    /** @description Ways to sign in. */
    SignInMethods: {
      /** @description With an API key: POST /session. */
      apiKey: boolean;
      /** @description At an identity provider; null: none is set up. */
      oidc: {
        /** @description “Sign in with …”. */
        name: string;
        /** @description Address to open; takes `return_to`. A sign-in that failed ends at /ui/?sign_in_error= with a code: ConnectDenied, StateInvalid, Forbidden (no role or tenant here), IssuerUnavailable, … */
        url: string;
      } | null;
      /** @description Only in `tenantry dev`: POST /session/open opens a session for a page of this origin, without a key. */
      open: boolean;
    };
    /** @description The credential is kept, encrypted with the tenant’s key. */
    StoredCredential: {
      /** @constant */
      success: true;
      /** @description Name of the Tenant document. */
      tenantId: string;
      /** @description Id of the catalog entry, e.g. notion. */
      integration: string;
      /**
       * Format: date-time
       * @description RFC 3339.
       */
      encryptedAt: string;
      /** @description When the access token ends; null: never. */
      expiresAt: string | null;
    };
    /** @description The streams of an integration. */
    StreamsPreview: {
      /** @description Name of the Tenant document. */
      tenantId: string;
      /** @description Id of the catalog entry, e.g. notion. */
      integration: string;
      /**
       * @description source: discovered; catalog: there is no source yet, it may have more streams and columns.
       * @enum {string}
       */
      from: 'source' | 'catalog';
      streams: {
        name: string;
        columns: {
          name: string;
          /** @description Null: not told by the catalog, and no value shows it. Airbyte tells names of columns only. */
          type: ('string' | 'integer' | 'number' | 'boolean' | 'timestamp' | 'json') | null;
          /** @description Named like a secret: its values are not shown. */
          isHidden: boolean;
        }[];
        /** @description How rows can be written; empty: only the source knows. */
        syncModes: string[];
        /** @description Paths of the key; empty: none is known. */
        primaryKey: string[][];
        /** @description Path that incremental syncs go by; empty: none is known. */
        cursor: string[];
        /** @description Is it brought by the sync, as the document stands? */
        isSynced: boolean;
        /** @description Why no rows of it can be seen; null: they can. */
        noRows: string | null;
      }[];
    };
    /** @description What happened in a run, in its order. */
    SyncLog: {
      lines: {
        /**
         * Format: date-time
         * @description RFC 3339.
         */
        at: string;
        /** @description What happened, in plain words. */
        text: string;
      }[];
    };
    /** @description One run of a sync. */
    SyncRun: {
      id: string;
      /** @description Name of the Tenant document. */
      tenant: string;
      /** @description Id of the catalog entry, e.g. notion. */
      integration: string;
      /**
       * @description schedule: it was due; manual: somebody asked for it; retry: one before it failed; first: it was connected.
       * @enum {string}
       */
      trigger: 'schedule' | 'manual' | 'retry' | 'first';
      /**
       * @description waiting: not begun yet; skipped: not begun, because a quota is used up or the integration is suspended or not connected.
       * @enum {string}
       */
      status: 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'skipped';
      /** @description 1 for the first try. */
      attempt: number;
      /** @description When it was to begin. */
      dueAt: string | null;
      startedAt: string | null;
      endedAt: string | null;
      /** @description Rows that arrived; null: not known yet. */
      rows: number | null;
      /** @description Bytes that arrived; null: not known yet. */
      bytes: number | null;
      /** @description Why it failed or was not begun. */
      error: {
        /** @description A code of the errors of Tenantry, e.g. ConnectDenied. */
        code: string;
        /**
         * @description Kind of failure: what is done about it depends on it.
         * @enum {string}
         */
        class:
          | 'token'
          | 'rate_limit'
          | 'airbyte'
          | 'provider'
          | 'configuration'
          | 'schema'
          | 'stuck'
          | 'connector';
        /** @description In plain words. */
        message: string;
        /** @description What a person can do about it; null: nothing. */
        nextStep: string | null;
      } | null;
      /** @description When it is tried again; null: not before it is due the next time. */
      retryAt: string | null;
    };
    /** @description A page of runs. */
    SyncRunPage: {
      /** @description Newest first. */
      runs: components['schemas']['SyncRun'][];
      /** @description For `before`; null: this is the last page. */
      next: string | null;
    };
    /** @description How the sync of one integration is. */
    SyncState: {
      /** @description Name of the Tenant document. */
      tenant: string;
      /** @description Id of the catalog entry, e.g. notion. */
      integration: string;
      /** @description Schedule of the document: `manual`, or cron with five fields in UTC. */
      schedule: string;
      /** @description When it is due next; null: by hand only, suspended, or not connected. */
      nextAt: string | null;
      /** @description The newest run; null: there was none. */
      last: components['schemas']['SyncRun'] | null;
      /** @description Failures in a row; 0 after a success. */
      consecutiveFailures: number;
      /** @description Why nothing is begun although it is due, e.g. a quota. */
      held: {
        /** @description A code of the errors of Tenantry, e.g. ConnectDenied. */
        code: string;
        message: string;
      } | null;
    };
    /** @description How the syncs of a tenant are. */
    SyncStates: {
      syncs: components['schemas']['SyncState'][];
    };
    /** @description Which syncs fail or are held up now. */
    SyncTrouble: {
      /** @description Integrations whose last run failed. */
      failing: number;
      /** @description Integrations that are due and not begun, e.g. because of a quota. */
      held: number;
      /** @description Those that failed most often first; at most `limit`. */
      syncs: components['schemas']['SyncState'][];
    };
    /** @description A page of tenants. */
    TenantPage: {
      /** @description By name. */
      tenants: components['schemas']['TenantSummary'][];
      /** @description Tenants that match, on all pages. */
      total: number;
      /** @description For `after`; null: this is the last page. */
      next: string | null;
    };
    /** @description A tenant in a list. */
    TenantSummary: {
      /** @description Name of the Tenant document. */
      name: string;
      /** @description Name that people see; null: the document has none. */
      displayName: string | null;
      /** @description Does its document say that it rests? */
      suspended: boolean;
      integrations: {
        total: number;
        healthy: number;
        /** @description Were connected, and somebody has to do something about them. */
        needPerson: number;
        /** @description Not connected yet, or disconnected. */
        waiting: number;
        suspended: number;
      };
      /** @description Integrations whose last run failed; null: no syncs are known. */
      failingSyncs: number | null;
      /** @description When the next sync is due; null: none is. */
      nextSyncAt: string | null;
      /** @description When the newest run began; null: there was none. */
      lastSyncAt: string | null;
    };
    /** @description How the credentials of all documents are. */
    TenantsHealth: {
      totalTenants: number;
      totalIntegrations: number;
      healthy: number;
      unhealthy: number;
      details: components['schemas']['IntegrationHealth'][];
    };
    /** @description A token in clear. Each access is recorded. */
    Token: {
      /** @description Name of the Tenant document. */
      tenantId: string;
      /** @description Id of the catalog entry, e.g. notion. */
      integration: string;
      /** @description Access token or API key; for basic, user name and password in base64; empty for aws_role. */
      accessToken: string;
      /** @description Bearer in most cases. */
      tokenType: string;
      /** @description Do not keep it longer; null: it does not end by the clock. */
      expiresAt: string | null;
      scopes: string[];
      /** @description What is no secret beside it, e.g. cloud_id. */
      facts: {
        [key: string]: string;
      };
      /** @description More secrets of kinds that have several, e.g. access_key_id, secret_access_key, session_token. */
      fields: {
        [key: string]: string;
      };
    };
    /** @description A token. */
    TokenCredential: {
      /** @description Access token or API key. */
      accessToken: string;
      /** @description Refresh token, where the provider gave one. */
      refreshToken?: string;
      /**
       * @description Default Bearer.
       * @default Bearer
       */
      tokenType?: string;
      /** @description Seconds until the access token ends; 0: never. Default: as long as the catalog says for this provider, else never. */
      expiresIn?: number;
      /** @description Scopes that the token has. Default: those of the document. */
      scopes?: string[];
    };
    /** @description A tool of an MCP server. */
    Tool: {
      toolId: string;
      title?: string;
      description?: string;
      /** @description JSON Schema of the parameters. */
      inputSchema: {
        [key: string]: unknown;
      };
      /** @description Hints such as readOnlyHint. */
      annotations?: {
        [key: string]: unknown;
      };
    };
    /** @description A call of a tool. */
    ToolInvocation: {
      /** @description Name of the tool at the MCP server. */
      toolId: string;
      /** @description Id of the integration. */
      integration: string;
      /**
       * @description Arguments of the tool. Default: none.
       * @default {}
       */
      parameters?: {
        [key: string]: unknown;
      };
      /** @description Tenant, where the caller has several. Default: its only one. */
      tenant?: string;
    };
    /** @description What the tool answered. */
    ToolResult: {
      /** @description Id of the integration. */
      integration: string;
      toolId: string;
      /** @description Does the tool say that it failed? The content then says why. */
      isError: boolean;
      /** @description Content blocks, as the Model Context Protocol has them. */
      content: unknown[];
      /** @description The result as an object. */
      structuredContent?: {
        [key: string]: unknown;
      };
    };
    /** @description Tools of an integration. */
    Tools: {
      /** @description Id of the integration. */
      integration: string;
      tools: components['schemas']['Tool'][];
    };
    /** @description Usage of a tenant by day. */
    Usage: {
      tenant: string;
      days: components['schemas']['UsageDay'][];
    };
    /** @description Use of one integration on one day, UTC. */
    UsageDay: {
      /** Format: date */
      day: string;
      integration: string;
      calls: number;
      errors: number;
      /** @description Bytes sent to the service. */
      bytesIn: number;
      /** @description Bytes that the service answered. */
      bytesOut: number;
      /** @description Runs of syncs that began. */
      syncs: number;
      /** @description Rows that syncs brought. */
      rows: number;
      /** @description Bytes that syncs brought. */
      syncBytes: number;
    };
    /** @description Signing secrets that came in. */
    VerificationTokens: {
      tokens: {
        /** @description Anybody may have sent it: the provider’s page says whether it is right. */
        token: string;
        /** Format: date-time */
        receivedAt: string;
      }[];
    };
    /** @description Empty, but for the answer to a challenge. */
    WebhookAnswer: {
      /** @description What the provider sent to be sent back. */
      challenge: string;
    };
    /** @description Deliveries of a tenant. */
    WebhookDeliveries: {
      deliveries: components['schemas']['WebhookDelivery'][];
    };
    /** @description A message to an endpoint. */
    WebhookDelivery: {
      /** Format: uuid */
      id: string;
      /** @description Id of the event, as in the header webhook-id. */
      event: string;
      /** Format: uuid */
      endpoint: string;
      integration: string;
      /** @description Kind of event. */
      type: string | null;
      /**
       * @description dead: it was given up after about a day.
       * @enum {string}
       */
      status: 'pending' | 'delivered' | 'dead';
      attempts: number;
      /** @description HTTP status of the last answer. */
      lastStatus: number | null;
      /** @description Why the last try failed. */
      lastError: string | null;
      /** Format: date-time */
      createdAt: string;
      nextAttemptAt: string | null;
      deliveredAt: string | null;
    };
    /** @description Where webhooks of a tenant are sent. */
    WebhookEndpoint: {
      /** Format: uuid */
      id: string;
      /** @description Address that is called. */
      url: string;
      /** @description Integrations whose events go there; empty: all. */
      integrations: string[];
      /** Format: date-time */
      createdAt: string;
      /** @description Since when nothing is sent: it answered 410 (Gone). */
      disabledAt: string | null;
      /** @description It failed several times in a row: nothing is sent until then. */
      pausedUntil: string | null;
    };
    /** @description Endpoints of a tenant. */
    WebhookEndpoints: {
      endpoints: components['schemas']['WebhookEndpoint'][];
    };
  };
  responses: {
    /** @description The request is wrong. Codes: InvalidRequest, StateInvalid, RedirectNotAllowed, NotSupported. */
    BadRequest: {
      headers: {
        'X-Request-Id': components['headers']['RequestId'];
        'X-Tenantry-Error': components['headers']['ErrorCode'];
      };
      content: {
        'application/problem+json': components['schemas']['Problem'];
      };
    };
    /** @description Nobody vouches for the caller. Codes: Unauthenticated, WebhookSignatureInvalid. */
    Unauthenticated: {
      headers: {
        'X-Request-Id': components['headers']['RequestId'];
        'X-Tenantry-Error': components['headers']['ErrorCode'];
        'WWW-Authenticate': components['headers']['WwwAuthenticate'];
      };
      content: {
        'application/problem+json': components['schemas']['Problem'];
      };
    };
    /** @description The caller may not do this. Codes: Forbidden, ConnectDenied, ApprovalPending, AddressNotAllowed. */
    Forbidden: {
      headers: {
        'X-Request-Id': components['headers']['RequestId'];
        'X-Tenantry-Error': components['headers']['ErrorCode'];
      };
      content: {
        'application/problem+json': components['schemas']['Problem'];
      };
    };
    /** @description There is no such thing, or it is not the caller’s. Codes: CredentialNotFoundError, NotFound. */
    NotFound: {
      headers: {
        'X-Request-Id': components['headers']['RequestId'];
        'X-Tenantry-Error': components['headers']['ErrorCode'];
      };
      content: {
        'application/problem+json': components['schemas']['Problem'];
      };
    };
    /** @description The state of the credential does not allow it. Codes: Conflict, Blocked, AccountMismatch, NeedsReauthorization, ScopesMissing. */
    Conflict: {
      headers: {
        'X-Request-Id': components['headers']['RequestId'];
        'X-Tenantry-Error': components['headers']['ErrorCode'];
        'Retry-After': components['headers']['RetryAfter'];
      };
      content: {
        'application/problem+json': components['schemas']['Problem'];
      };
    };
    /** @description The body is too large. Codes: PayloadTooLarge. */
    PayloadTooLarge: {
      headers: {
        'X-Request-Id': components['headers']['RequestId'];
        'X-Tenantry-Error': components['headers']['ErrorCode'];
      };
      content: {
        'application/problem+json': components['schemas']['Problem'];
      };
    };
    /** @description Too many requests, or the tenant’s quota is used up. Codes: RateLimited, QuotaExceeded. */
    RateLimited: {
      headers: {
        'X-Request-Id': components['headers']['RequestId'];
        'X-Tenantry-Error': components['headers']['ErrorCode'];
        'Retry-After': components['headers']['RetryAfter'];
      };
      content: {
        'application/problem+json': components['schemas']['Problem'];
      };
    };
    /** @description The service or provider answers with an error. Codes: ProviderRejected, UpstreamUnreachable. */
    BadGateway: {
      headers: {
        'X-Request-Id': components['headers']['RequestId'];
        'X-Tenantry-Error': components['headers']['ErrorCode'];
        'Retry-After': components['headers']['RetryAfter'];
      };
      content: {
        'application/problem+json': components['schemas']['Problem'];
      };
    };
    /** @description Something behind the sidecar does not answer; nothing is lost. Codes: VaultUnreachable, VaultSealed, VaultUnavailable, PostgresUnreachable, PostgresUnavailable, AirbyteUnreachable, AirbyteUnavailable, KubernetesUnreachable, KubernetesUnavailable, KubernetesUnauthorized, KubernetesForbidden, KubernetesGone, TimedOut, Locked, IssuerUnavailable, ShuttingDown, ProviderUnavailable. */
    Unavailable: {
      headers: {
        'X-Request-Id': components['headers']['RequestId'];
        'X-Tenantry-Error': components['headers']['ErrorCode'];
        'Retry-After': components['headers']['RetryAfter'];
      };
      content: {
        'application/problem+json': components['schemas']['Problem'];
      };
    };
    /** @description The service answers too slowly. Codes: UpstreamTimeout. */
    GatewayTimeout: {
      headers: {
        'X-Request-Id': components['headers']['RequestId'];
        'X-Tenantry-Error': components['headers']['ErrorCode'];
        'Retry-After': components['headers']['RetryAfter'];
      };
      content: {
        'application/problem+json': components['schemas']['Problem'];
      };
    };
    /** @description Any other error. */
    Error: {
      headers: {
        'X-Request-Id': components['headers']['RequestId'];
        'X-Tenantry-Error': components['headers']['ErrorCode'];
      };
      content: {
        'application/problem+json': components['schemas']['Problem'];
      };
    };
  };
  parameters: {
    /** @description Tenant to act for, among the caller’s own. Default: its only one. */
    Tenant?: string;
    /** @description Another host of the catalog entry. Default: that of its base URL. */
    Host?: string;
    /** @description `csrfToken` of POST or GET /session. Needed where the session’s cookie says who calls. */
    CsrfToken?: string;
  };
  requestBodies: never;
  headers: {
    /** @description Id of the request, as in the log. */
    RequestId: string;
    /** @description Code of the problem. Answers that the proxy hands on from a service never have it. */
    ErrorCode: components['schemas']['ErrorCode'];
    /** @description Seconds to wait before the same request may succeed (RFC 9110 section 10.2.3). */
    RetryAfter: number;
    /** @description Bearer (RFC 6750 section 3). */
    WwwAuthenticate: string;
  };
  pathItems: never;
}

export type $defs = Record<string, never>;

export type external = Record<string, never>;

export interface operations {
  /**
   * State of the login to Airbyte
   * @description Never the token itself.
   *
   * Permission: `platform` (role admin).
   */
  getAirbyteTokenStatus: {
    responses: {
      /** @description The login to Airbyte. */
      200: {
        content: {
          'application/json': components['schemas']['AirbyteTokenStatus'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * List the API keys of the platform
   * @description Permission: `platform` (role admin).
   */
  listPlatformApiKeys: {
    responses: {
      /** @description API keys. */
      200: {
        content: {
          'application/json': components['schemas']['ApiKeys'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Make an API key of the platform (role admin)
   * @description Permission: `platform` (role admin).
   */
  createPlatformApiKey: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['NewPlatformApiKey'];
      };
    };
    responses: {
      /** @description An API key that was made. */
      201: {
        content: {
          'application/json': components['schemas']['CreatedApiKey'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Revoke an API key of the platform
   * @description Permission: `platform` (role admin).
   */
  revokePlatformApiKey: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Id of the key. */
        id: string;
      };
    };
    responses: {
      /** @description It is revoked. */
      204: {
        content: never;
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * How all is, and what needs a person now
   * @description Permission: `platform` (role admin).
   */
  getOverview: {
    responses: {
      /** @description How all is. */
      200: {
        content: {
          'application/json': components['schemas']['Overview'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Check list of the first run: what is set up, and what to fix
   * @description Permission: `platform` (role admin).
   */
  getSetup: {
    responses: {
      /** @description Is everything set up? */
      200: {
        content: {
          'application/json': components['schemas']['Setup'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Syncs that fail or are held up now
   * @description Permission: `platform` (role admin).
   */
  listFailingSyncs: {
    parameters: {
      query?: {
        /** @description Most shown. Default 100. */
        limit?: number;
      };
    };
    responses: {
      /** @description Which syncs fail or are held up now. */
      200: {
        content: {
          'application/json': components['schemas']['SyncTrouble'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Health of every tenant’s integrations
   * @description Permission: `platform` (role admin).
   */
  getTenantsHealth: {
    parameters: {
      query?: {
        /** @description Only those that need somebody. */
        unhealthy?: string;
      };
    };
    responses: {
      /** @description How the credentials of all documents are. */
      200: {
        content: {
          'application/json': components['schemas']['TenantsHealth'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Usage of all tenants by day
   * @description Permission: `platform` (role admin).
   */
  getEveryUsage: {
    parameters: {
      query?: {
        /** @description First day, UTC. Default: 30 days before the last. */
        from?: string;
        /** @description Last day, UTC. Default: today. */
        to?: string;
        /** @description csv: a line for each day and integration. */
        format?: 'json' | 'csv';
      };
    };
    responses: {
      /** @description Usage of all tenants by day. */
      200: {
        content: {
          'application/json': components['schemas']['EveryUsage'];
          'text/csv': string;
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * List the tools of an integration’s MCP server
   * @description Permission: `tokens.use` (role admin, app).
   */
  listTools: {
    parameters: {
      query: {
        /** @description Id of the integration. */
        integration: string;
        /** @description Tenant, where the caller has several. Default: its only one. */
        tenant?: string;
      };
    };
    responses: {
      /** @description Tools of an integration. */
      200: {
        content: {
          'application/json': components['schemas']['Tools'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      409: components['responses']['Conflict'];
      429: components['responses']['RateLimited'];
      502: components['responses']['BadGateway'];
      503: components['responses']['Unavailable'];
      504: components['responses']['GatewayTimeout'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Invoke a tool of an integration’s MCP server
   * @description Permission: `tokens.use` (role admin, app).
   */
  invokeTool: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ToolInvocation'];
      };
    };
    responses: {
      /** @description What the tool answered. */
      200: {
        content: {
          'application/json': components['schemas']['ToolResult'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      409: components['responses']['Conflict'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      502: components['responses']['BadGateway'];
      503: components['responses']['Unavailable'];
      504: components['responses']['GatewayTimeout'];
      default: components['responses']['Error'];
    };
  };
  /**
   * What tenants can be connected to
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  listCatalog: {
    responses: {
      /** @description What tenants can be connected to. */
      200: {
        content: {
          'application/json': components['schemas']['Catalog'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * A service that tenants can be connected to
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  getCatalogEntry: {
    parameters: {
      path: {
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    responses: {
      /** @description A service that tenants can be connected to. */
      200: {
        content: {
          'application/json': components['schemas']['CatalogEntry'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * The page of a connect link
   * @description HTML. To look at it uses nothing up: programs that preview links do no harm.
   */
  showConnectPage: {
    parameters: {
      path: {
        /** @description The link’s secret. */
        token: string;
      };
    };
    responses: {
      /** @description The page, with one button or a form. */
      200: {
        content: {
          'text/html': string;
        };
      };
      400: components['responses']['BadRequest'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /** The button of a connect link: binds the browser, uses the link up, and goes on to the provider */
  submitConnectPage: {
    parameters: {
      path: {
        /** @description The link’s secret. */
        token: string;
      };
    };
    /** @description The fields of the page. */
    requestBody: {
      content: {
        'application/x-www-form-urlencoded': {
          [key: string]: string;
        };
      };
    };
    responses: {
      /** @description How it went. In a popup the page tells its opener. */
      200: {
        content: {
          'text/html': string;
        };
      };
      /** @description To the provider, or to the address of the flow. */
      303: {
        headers: {
          /** @description Where to go on. */
          Location?: string;
        };
        content: never;
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      409: components['responses']['Conflict'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      502: components['responses']['BadGateway'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /** How connecting goes */
  getEmbeddedFlow: {
    parameters: {
      path: {
        /** @description Id of the flow. */
        id: string;
      };
    };
    responses: {
      /** @description How connecting goes. */
      200: {
        content: {
          'application/json': components['schemas']['EmbeddedFlowStatus'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /** Integrations that the token is for */
  listEmbeddedIntegrations: {
    responses: {
      /** @description What the connect component shows. */
      200: {
        content: {
          'application/json': components['schemas']['EmbeddedIntegrations'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /** Disconnect an integration, where the token may */
  disconnectEmbedded: {
    parameters: {
      path: {
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    responses: {
      /** @description The credential has ended. */
      200: {
        content: {
          'application/json': components['schemas']['RevokedCredential'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Begin to connect an integration, in a popup
   * @description The popup tells the page, whose origin the request names, when it is done.
   */
  beginEmbeddedFlow: {
    parameters: {
      path: {
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    responses: {
      /** @description Connecting was begun. */
      201: {
        content: {
          'application/json': components['schemas']['EmbeddedFlow'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /** The process is alive */
  getHealth: {
    responses: {
      /** @description The process is alive. */
      200: {
        content: {
          'application/json': components['schemas']['Health'];
        };
      };
      default: components['responses']['Error'];
    };
  };
  /**
   * Metrics for Prometheus
   * @description For role admin, or for anybody with spec.sidecar.publicMetrics. The labels name tenants.
   *
   * Permission: `platform` (role admin).
   */
  getMetrics: {
    responses: {
      /** @description Prometheus text format. */
      200: {
        content: {
          'text/plain': string;
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Begin to connect an integration
   * @description Permission: `credentials.write` (role admin, tenant-admin, app).
   */
  beginFlow: {
    parameters: {
      query?: {
        /** @description Where the person is sent afterwards, with `status` (connected or failed), `integration` and `error` in the query. Must be in spec.sidecar.redirectUris or below /ui/. Default: a page of ours says how it went. */
        redirect_uri?: string;
        /** @description Origin of the page that opens the popup. It gets the message {type: "oauth_complete", integration, status}. Must be in spec.sidecar.origins or our own. */
        opener_origin?: string;
        /** @description For which of the caller’s tenants. Default: the header X-Tenantry-Tenant, else the only one. */
        tenant?: string;
      };
      header?: {
        'X-Tenantry-Tenant'?: components['parameters']['Tenant'];
      };
      path: {
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    responses: {
      /** @description A flow that was begun. */
      200: {
        content: {
          'application/json': components['schemas']['BegunFlow'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      409: components['responses']['Conflict'];
      429: components['responses']['RateLimited'];
      502: components['responses']['BadGateway'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Redirect URL for providers
   * @description Only the browser that began the flow, within 10 minutes, once. Answers with a redirect to the address of the flow, or a page; problem+json where Accept asks for JSON.
   */
  completeFlow: {
    parameters: {
      query?: {
        /** @description Authorization code (RFC 6749 section 4.1.2). */
        code?: string;
        /** @description State of the flow. Some providers do not send it back. */
        state?: string;
        /** @description Why the provider or the person refused (RFC 6749 section 4.1.2.1). */
        error?: string;
        /** @description Installation of a GitHub App. Other providers have parameters of their own. */
        installation_id?: string;
      };
      path: {
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    responses: {
      /** @description How it went. In a popup the page tells its opener. */
      200: {
        content: {
          'text/html': string;
        };
      };
      /** @description To the address of the flow. */
      303: {
        headers: {
          /** @description Where to go on. */
          Location?: string;
        };
        content: never;
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      409: components['responses']['Conflict'];
      429: components['responses']['RateLimited'];
      502: components['responses']['BadGateway'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * How a flow goes
   * @description For the caller that began it, and for the browser with its cookie.
   */
  getFlow: {
    parameters: {
      path: {
        /** @description Id of the flow. */
        id: string;
      };
    };
    responses: {
      /** @description How a flow goes. */
      200: {
        content: {
          'application/json': components['schemas']['FlowStatus'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Begin to connect an integration, in a browser: redirects to the provider
   * @description For a session’s browser. A navigation from another site, another kind of caller and an integration with a form are sent to the page of a connect link first.
   *
   * Permission: `credentials.write` (role admin, tenant-admin, app).
   */
  openProvider: {
    parameters: {
      query?: {
        /** @description Where the person is sent afterwards, with `status` (connected or failed), `integration` and `error` in the query. Must be in spec.sidecar.redirectUris or below /ui/. Default: a page of ours says how it went. */
        redirect_uri?: string;
        /** @description Origin of the page that opens the popup. It gets the message {type: "oauth_complete", integration, status}. Must be in spec.sidecar.origins or our own. */
        opener_origin?: string;
        /** @description For which of the caller’s tenants. Default: the header X-Tenantry-Tenant, else the only one. */
        tenant?: string;
      };
      header?: {
        'X-Tenantry-Tenant'?: components['parameters']['Tenant'];
      };
      path: {
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    responses: {
      /** @description To the provider, or to the page of a connect link. */
      303: {
        headers: {
          /** @description Where to go on. */
          Location?: string;
        };
        content: never;
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      409: components['responses']['Conflict'];
      429: components['responses']['RateLimited'];
      502: components['responses']['BadGateway'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Installations of the caller’s tenants
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  listInstallations: {
    parameters: {
      query?: {
        /** @description Id of the catalog entry, e.g. notion. */
        platform?: string;
        /** @description Only of this status. Default: of any. */
        status?: 'active' | 'suspended' | 'revoked';
        /** @description Name of the Tenant document. */
        tenant?: string;
        /** @description Most on one page. Default 100. */
        limit?: number;
        /** @description `next` of the page before. */
        after?: string;
      };
    };
    responses: {
      /** @description A page of installations, in no meaningful order. */
      200: {
        content: {
          'application/json': components['schemas']['InstallationPage'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * End an installation, here and at the provider
   * @description Permission: `credentials.write` (role admin, tenant-admin, app).
   */
  revokeInstallation: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Id of the installation. */
        id: string;
      };
    };
    responses: {
      /** @description The credential has ended. */
      200: {
        content: {
          'application/json': components['schemas']['RevokedCredential'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Suspend an installation, or let it go on
   * @description Permission: `credentials.write` (role admin, tenant-admin, app).
   */
  updateInstallation: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Id of the installation. */
        id: string;
      };
    };
    requestBody: {
      content: {
        'application/json': {
          /** @enum {string} */
          status: 'active' | 'suspended';
        };
      };
    };
    responses: {
      /** @description An account of a tenant at a provider. */
      200: {
        content: {
          'application/json': components['schemas']['Installation'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Set what this installation’s webhooks are signed with
   * @description Permission: `tenant.manage` (role admin, tenant-admin).
   */
  setWebhookSecret: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Id of the installation. */
        id: string;
      };
    };
    requestBody: {
      content: {
        'application/json': {
          /** @description As it is set at the provider. Kept encrypted. */
          secret: string;
        };
      };
    };
    responses: {
      /** @description It is kept. */
      204: {
        content: never;
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Call the API of a service with the tenant’s credential
   * @description The path after the integration goes to the base URL of its catalog entry, the body streams both ways. X-Tenantry-Tenant names the tenant where the caller has several; X-Tenantry-Host names another host of the catalog entry.
   *
   * Permission: `tokens.use` (role admin, app).
   */
  proxyGet: {
    parameters: {
      header?: {
        'X-Tenantry-Tenant'?: components['parameters']['Tenant'];
        'X-Tenantry-Host'?: components['parameters']['Host'];
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Id of the integration. */
        integration: string;
        /** @description Path at the service. Its slashes are sent as they are, which a template cannot say. */
        path: string;
      };
    };
    responses: {
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      409: components['responses']['Conflict'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      502: components['responses']['BadGateway'];
      503: components['responses']['Unavailable'];
      504: components['responses']['GatewayTimeout'];
      /** @description The answer of the service as it came. Its errors come as they are too, without X-Tenantry-Error. */
      '2XX': {
        content: {
          '*/*': unknown;
        };
      };
      default: components['responses']['Error'];
    };
  };
  /**
   * Call the API of a service with the tenant’s credential
   * @description The path after the integration goes to the base URL of its catalog entry, the body streams both ways. X-Tenantry-Tenant names the tenant where the caller has several; X-Tenantry-Host names another host of the catalog entry.
   *
   * Permission: `tokens.use` (role admin, app).
   */
  proxyPut: {
    parameters: {
      header?: {
        'X-Tenantry-Tenant'?: components['parameters']['Tenant'];
        'X-Tenantry-Host'?: components['parameters']['Host'];
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Id of the integration. */
        integration: string;
        /** @description Path at the service. Its slashes are sent as they are, which a template cannot say. */
        path: string;
      };
    };
    /** @description Any body; it streams to the service untouched. */
    requestBody?: {
      content: {
        '*/*': unknown;
      };
    };
    responses: {
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      409: components['responses']['Conflict'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      502: components['responses']['BadGateway'];
      503: components['responses']['Unavailable'];
      504: components['responses']['GatewayTimeout'];
      /** @description The answer of the service as it came. Its errors come as they are too, without X-Tenantry-Error. */
      '2XX': {
        content: {
          '*/*': unknown;
        };
      };
      default: components['responses']['Error'];
    };
  };
  /**
   * Call the API of a service with the tenant’s credential
   * @description The path after the integration goes to the base URL of its catalog entry, the body streams both ways. X-Tenantry-Tenant names the tenant where the caller has several; X-Tenantry-Host names another host of the catalog entry.
   *
   * Permission: `tokens.use` (role admin, app).
   */
  proxyPost: {
    parameters: {
      header?: {
        'X-Tenantry-Tenant'?: components['parameters']['Tenant'];
        'X-Tenantry-Host'?: components['parameters']['Host'];
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Id of the integration. */
        integration: string;
        /** @description Path at the service. Its slashes are sent as they are, which a template cannot say. */
        path: string;
      };
    };
    /** @description Any body; it streams to the service untouched. */
    requestBody?: {
      content: {
        '*/*': unknown;
      };
    };
    responses: {
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      409: components['responses']['Conflict'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      502: components['responses']['BadGateway'];
      503: components['responses']['Unavailable'];
      504: components['responses']['GatewayTimeout'];
      /** @description The answer of the service as it came. Its errors come as they are too, without X-Tenantry-Error. */
      '2XX': {
        content: {
          '*/*': unknown;
        };
      };
      default: components['responses']['Error'];
    };
  };
  /**
   * Call the API of a service with the tenant’s credential
   * @description The path after the integration goes to the base URL of its catalog entry, the body streams both ways. X-Tenantry-Tenant names the tenant where the caller has several; X-Tenantry-Host names another host of the catalog entry.
   *
   * Permission: `tokens.use` (role admin, app).
   */
  proxyDelete: {
    parameters: {
      header?: {
        'X-Tenantry-Tenant'?: components['parameters']['Tenant'];
        'X-Tenantry-Host'?: components['parameters']['Host'];
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Id of the integration. */
        integration: string;
        /** @description Path at the service. Its slashes are sent as they are, which a template cannot say. */
        path: string;
      };
    };
    /** @description Any body; it streams to the service untouched. */
    requestBody?: {
      content: {
        '*/*': unknown;
      };
    };
    responses: {
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      409: components['responses']['Conflict'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      502: components['responses']['BadGateway'];
      503: components['responses']['Unavailable'];
      504: components['responses']['GatewayTimeout'];
      /** @description The answer of the service as it came. Its errors come as they are too, without X-Tenantry-Error. */
      '2XX': {
        content: {
          '*/*': unknown;
        };
      };
      default: components['responses']['Error'];
    };
  };
  /**
   * Call the API of a service with the tenant’s credential
   * @description The path after the integration goes to the base URL of its catalog entry, the body streams both ways. X-Tenantry-Tenant names the tenant where the caller has several; X-Tenantry-Host names another host of the catalog entry.
   *
   * Permission: `tokens.use` (role admin, app).
   */
  proxyOptions: {
    parameters: {
      header?: {
        'X-Tenantry-Tenant'?: components['parameters']['Tenant'];
        'X-Tenantry-Host'?: components['parameters']['Host'];
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Id of the integration. */
        integration: string;
        /** @description Path at the service. Its slashes are sent as they are, which a template cannot say. */
        path: string;
      };
    };
    responses: {
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      409: components['responses']['Conflict'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      502: components['responses']['BadGateway'];
      503: components['responses']['Unavailable'];
      504: components['responses']['GatewayTimeout'];
      /** @description The answer of the service as it came. Its errors come as they are too, without X-Tenantry-Error. */
      '2XX': {
        content: {
          '*/*': unknown;
        };
      };
      default: components['responses']['Error'];
    };
  };
  /**
   * Call the API of a service with the tenant’s credential
   * @description The path after the integration goes to the base URL of its catalog entry, the body streams both ways. X-Tenantry-Tenant names the tenant where the caller has several; X-Tenantry-Host names another host of the catalog entry.
   *
   * Permission: `tokens.use` (role admin, app).
   */
  proxyHead: {
    parameters: {
      header?: {
        'X-Tenantry-Tenant'?: components['parameters']['Tenant'];
        'X-Tenantry-Host'?: components['parameters']['Host'];
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Id of the integration. */
        integration: string;
        /** @description Path at the service. Its slashes are sent as they are, which a template cannot say. */
        path: string;
      };
    };
    responses: {
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      409: components['responses']['Conflict'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      502: components['responses']['BadGateway'];
      503: components['responses']['Unavailable'];
      504: components['responses']['GatewayTimeout'];
      /** @description The answer of the service as it came. Its errors come as they are too, without X-Tenantry-Error. */
      '2XX': {
        content: {
          '*/*': unknown;
        };
      };
      default: components['responses']['Error'];
    };
  };
  /**
   * Call the API of a service with the tenant’s credential
   * @description The path after the integration goes to the base URL of its catalog entry, the body streams both ways. X-Tenantry-Tenant names the tenant where the caller has several; X-Tenantry-Host names another host of the catalog entry.
   *
   * Permission: `tokens.use` (role admin, app).
   */
  proxyPatch: {
    parameters: {
      header?: {
        'X-Tenantry-Tenant'?: components['parameters']['Tenant'];
        'X-Tenantry-Host'?: components['parameters']['Host'];
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Id of the integration. */
        integration: string;
        /** @description Path at the service. Its slashes are sent as they are, which a template cannot say. */
        path: string;
      };
    };
    /** @description Any body; it streams to the service untouched. */
    requestBody?: {
      content: {
        '*/*': unknown;
      };
    };
    responses: {
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      409: components['responses']['Conflict'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      502: components['responses']['BadGateway'];
      503: components['responses']['Unavailable'];
      504: components['responses']['GatewayTimeout'];
      /** @description The answer of the service as it came. Its errors come as they are too, without X-Tenantry-Error. */
      '2XX': {
        content: {
          '*/*': unknown;
        };
      };
      default: components['responses']['Error'];
    };
  };
  /**
   * Requests may be sent here
   * @description 503 while Vault or Postgres is away, while Vault refuses the login, until the documents were read for the first time, and while the process drains before its end.
   */
  getReadiness: {
    responses: {
      /** @description May requests be sent here? */
      200: {
        content: {
          'application/json': components['schemas']['Readiness'];
        };
      };
      /** @description May requests be sent here? */
      503: {
        content: {
          'application/json': components['schemas']['Readiness'];
        };
      };
      default: components['responses']['Error'];
    };
  };
  /**
   * Tell who calls
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  getCaller: {
    responses: {
      /** @description Who calls. */
      200: {
        content: {
          'application/json': components['schemas']['CallerInfo'];
        };
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Open a session for a browser
   * @description Takes an API key or a JWT as Authorization and sets the session’s cookie. A former session of this browser ends.
   */
  openSession: {
    responses: {
      /** @description Who calls. */
      201: {
        content: {
          'application/json': components['schemas']['CallerInfo'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * End the session
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  endSession: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
    };
    responses: {
      /** @description It has ended. */
      204: {
        content: never;
      };
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /** Ways to sign in to the web UI */
  listSignInMethods: {
    responses: {
      /** @description Ways to sign in. */
      200: {
        content: {
          'application/json': components['schemas']['SignInMethods'];
        };
      };
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Redirect URL of the sign-in by OpenID Connect
   * @description Only for the browser that began, within 10 minutes, once. Sets the session’s cookie.
   */
  completeSignIn: {
    parameters: {
      query?: {
        /** @description Authorization code (RFC 6749 section 4.1.2). */
        code?: string;
        /** @description State of the sign-in. */
        state?: string;
        /** @description Why the identity provider or the person refused (RFC 6749 section 4.1.2.1). */
        error?: string;
      };
    };
    responses: {
      /** @description To the page that was asked for, or to the sign-in page with `sign_in_error`. */
      303: {
        headers: {
          /** @description Where to go on. */
          Location?: string;
        };
        content: never;
      };
      400: components['responses']['BadRequest'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /** Sign in by OpenID Connect: redirects to the identity provider */
  beginSignIn: {
    parameters: {
      query?: {
        /** @description Page below /ui/ to open afterwards. */
        return_to?: string;
      };
    };
    responses: {
      /** @description To the identity provider, or to the sign-in page with `sign_in_error`. */
      303: {
        headers: {
          /** @description Where to go on. */
          Location?: string;
        };
        content: never;
      };
      400: components['responses']['BadRequest'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Tenants that the caller may act for
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  listTenants: {
    parameters: {
      query?: {
        /** @description Only those whose name or display name holds this text, in any case. Default: all. */
        search?: string;
        /** @description needsPerson, failing, waiting: at least one integration is so; suspended: the tenant is; healthy: none of it. Default: any. */
        state?: 'healthy' | 'needsPerson' | 'failing' | 'waiting' | 'suspended';
        /** @description Most on one page, at most 500. */
        limit?: number;
        /** @description `next` of the page before. */
        after?: string;
      };
    };
    responses: {
      /** @description A page of tenants. */
      200: {
        content: {
          'application/json': components['schemas']['TenantPage'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Who used the tokens of a tenant
   * @description Newest first. Never holds a token.
   *
   * Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  listAccessRecords: {
    parameters: {
      query?: {
        /** @description Only of this integration. Default: of all. */
        integration?: string;
        /** @description Most records. Default 100. */
        limit?: number;
        /** @description Only records older than the one with this id: the next page. */
        before?: string;
      };
      path: {
        /** @description Name of the tenant. */
        tenant: string;
      };
    };
    responses: {
      /** @description Uses of the tokens of a tenant. */
      200: {
        content: {
          'application/json': components['schemas']['AccessRecords'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * List the API keys of a tenant
   * @description Permission: `tenant.manage` (role admin, tenant-admin).
   */
  listTenantApiKeys: {
    parameters: {
      path: {
        /** @description Name of the tenant. */
        tenant: string;
      };
    };
    responses: {
      /** @description API keys. */
      200: {
        content: {
          'application/json': components['schemas']['ApiKeys'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Make an API key of a tenant
   * @description Permission: `tenant.manage` (role admin, tenant-admin).
   */
  createTenantApiKey: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Name of the tenant. */
        tenant: string;
      };
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['NewTenantApiKey'];
      };
    };
    responses: {
      /** @description An API key that was made. */
      201: {
        content: {
          'application/json': components['schemas']['CreatedApiKey'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Revoke an API key of a tenant
   * @description Permission: `tenant.manage` (role admin, tenant-admin).
   */
  revokeTenantApiKey: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Name of the tenant. */
        tenant: string;
        /** @description Id of the key. */
        id: string;
      };
    };
    responses: {
      /** @description It is revoked. */
      204: {
        content: never;
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Make a token for the connect component
   * @description For the product’s backend, after it has seen which person of which tenant is there. The token lists the tenant’s integrations, begins and watches to connect them, and disconnects where it may.
   *
   * Permission: `credentials.write` (role admin, tenant-admin, app).
   */
  createEmbedSession: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
      };
    };
    requestBody?: {
      content: {
        'application/json': components['schemas']['NewEmbedSession'];
      };
    };
    responses: {
      /** @description A token of the connect component. */
      201: {
        content: {
          'application/json': components['schemas']['EmbedSession'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Integrations of a tenant
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  listIntegrations: {
    parameters: {
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
      };
    };
    responses: {
      /** @description Integrations of a tenant. */
      200: {
        content: {
          'application/json': components['schemas']['Integrations'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * An integration of a tenant
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  getIntegration: {
    parameters: {
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    responses: {
      /** @description An integration of a tenant. */
      200: {
        content: {
          'application/json': components['schemas']['Integration'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Whose app at the provider is used
   * @description Permission: `credentials.write` (role admin, tenant-admin, app).
   */
  getOwnApp: {
    parameters: {
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    responses: {
      /** @description Whose app at the provider is used. Never its secret. */
      200: {
        content: {
          'application/json': components['schemas']['OwnApp'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Store an app of the tenant’s own
   * @description Used instead of the platform’s, unless the document names one. Refused (Conflict) while the integration is connected; a new secret of the same app is taken at any time.
   *
   * Permission: `credentials.write` (role admin, tenant-admin, app).
   */
  storeOwnApp: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['OwnAppCredentials'];
      };
    };
    responses: {
      /** @description Whose app at the provider is used. Never its secret. */
      200: {
        content: {
          'application/json': components['schemas']['OwnApp'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Remove the stored app of the tenant’s own
   * @description Refused (Conflict) while the integration is connected by it.
   *
   * Permission: `credentials.write` (role admin, tenant-admin, app).
   */
  removeOwnApp: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    responses: {
      /** @description Whose app at the provider is used. Never its secret. */
      200: {
        content: {
          'application/json': components['schemas']['OwnApp'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Make a connect link
   * @description Permission: `credentials.write` (role admin, tenant-admin, app).
   */
  createConnectLink: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    requestBody?: {
      content: {
        'application/json': components['schemas']['NewConnectLink'];
      };
    };
    responses: {
      /** @description A link that was made. */
      201: {
        content: {
          'application/json': components['schemas']['CreatedConnectLink'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * How a connect link went
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  getConnectLink: {
    parameters: {
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
        /** @description Id of the link. */
        id: string;
      };
    };
    responses: {
      /** @description How a link went. */
      200: {
        content: {
          'application/json': components['schemas']['ConnectLinkStatus'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * What connecting an integration takes
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  getConnectOptions: {
    parameters: {
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    responses: {
      /** @description What connecting an integration takes. */
      200: {
        content: {
          'application/json': components['schemas']['ConnectOptions'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Store a credential
   * @description For a token that is there already; people connect by a connect link.
   *
   * Permission: `credentials.write` (role admin, tenant-admin, app).
   */
  storeCredential: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    requestBody: {
      content: {
        'application/json':
          | components['schemas']['TokenCredential']
          | components['schemas']['PasswordCredential']
          | components['schemas']['FieldsCredential'];
      };
    };
    responses: {
      /** @description The credential is kept, encrypted with the tenant’s key. */
      200: {
        content: {
          'application/json': components['schemas']['StoredCredential'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      502: components['responses']['BadGateway'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * End a credential, here and at the provider
   * @description Permission: `credentials.write` (role admin, tenant-admin, app).
   */
  revokeCredential: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    responses: {
      /** @description The credential has ended. */
      200: {
        content: {
          'application/json': components['schemas']['RevokedCredential'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Streams, columns and keys of an integration
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  previewStreams: {
    parameters: {
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    responses: {
      /** @description The streams of an integration. */
      200: {
        content: {
          'application/json': components['schemas']['StreamsPreview'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Sample rows of a stream
   * @description Asked for at the provider with the tenant’s credential, as the proxy does: spec.access.proxy of the document must allow it, and each call counts. Nothing is stored.
   *
   * Permission: `tokens.use` (role admin, app).
   */
  previewRows: {
    parameters: {
      query?: {
        /** @description Most rows, at most 20. Default 20. */
        limit?: number;
      };
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
        /** @description Name of the stream, as the list of streams has it. */
        stream: string;
      };
    };
    responses: {
      /** @description Sample rows of a stream. They are stored nowhere. */
      200: {
        content: {
          'application/json': components['schemas']['RowsPreview'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Changes of the source’s schema
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  listSchemaChanges: {
    parameters: {
      query?: {
        /** @description Most changes. Default 100. */
        limit?: number;
      };
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    responses: {
      /** @description Changes of the schema of a tenant’s source. */
      200: {
        content: {
          'application/json': components['schemas']['SchemaChanges'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Take the source’s schema as it is now: syncs that rest because of it go on
   * @description Permission: `syncs.run` (role admin, tenant-admin, app).
   */
  acceptSchemaChanges: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    responses: {
      /** @description The schema is taken as it is. */
      200: {
        content: {
          'application/json': components['schemas']['SchemaAccepted'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Compare the source’s schema with that of the last look now
   * @description What Airbyte has discovered last is compared: it looks for itself before a sync, at most once a day. Where the sidecar runs the schedules, this happens before a run anyhow.
   *
   * Permission: `syncs.run` (role admin, tenant-admin, app).
   */
  lookAtSchema: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    responses: {
      /** @description What changed since the look before. */
      200: {
        content: {
          'application/json': components['schemas']['SchemaLook'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Runs of an integration
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  listSyncs: {
    parameters: {
      query?: {
        /** @description Most on one page. Default 50. */
        limit?: number;
        /** @description `next` of the page before. */
        before?: string;
      };
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    responses: {
      /** @description A page of runs. */
      200: {
        content: {
          'application/json': components['schemas']['SyncRunPage'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Start a run
   * @description One run of an integration at a time: where one is under way or waits already, that one is given, with status 200.
   *
   * Permission: `syncs.run` (role admin, tenant-admin, app).
   */
  startSync: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    responses: {
      /** @description One run of a sync. */
      200: {
        content: {
          'application/json': components['schemas']['SyncRun'];
        };
      };
      /** @description One run of a sync. */
      202: {
        content: {
          'application/json': components['schemas']['SyncRun'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      409: components['responses']['Conflict'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * A run
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  getSync: {
    parameters: {
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
        /** @description Id of the run. */
        id: string;
      };
    };
    responses: {
      /** @description One run of a sync. */
      200: {
        content: {
          'application/json': components['schemas']['SyncRun'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Cancel a run
   * @description A run that has ended is given as it is. Rows that have arrived stay.
   *
   * Permission: `syncs.run` (role admin, tenant-admin, app).
   */
  cancelSync: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
        /** @description Id of the run. */
        id: string;
      };
    };
    responses: {
      /** @description One run of a sync. */
      200: {
        content: {
          'application/json': components['schemas']['SyncRun'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Progress of a run as it happens
   * @description Server-sent events: `run` with a SyncRun at once and after each change, `end` with the last one. A stream that ends without `end` was cut off: connect again, which browsers do by themselves.
   *
   * Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  followSync: {
    parameters: {
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
        /** @description Id of the run. */
        id: string;
      };
    };
    responses: {
      /** @description Server-sent events: `run` and `end`, each with a SyncRun as JSON. */
      200: {
        content: {
          'text/event-stream': string;
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * What happened in a run, in plain words
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  getSyncLog: {
    parameters: {
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
        /** @description Id of the run. */
        id: string;
      };
    };
    responses: {
      /** @description What happened in a run, in its order. */
      200: {
        content: {
          'application/json': components['schemas']['SyncLog'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * The token of a tenant’s integration, refreshed where it is about to end
   * @description Permission: `tokens.use` (role admin, app).
   */
  getToken: {
    parameters: {
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
        /** @description Id of the catalog entry, e.g. notion. */
        integration: string;
      };
    };
    responses: {
      /** @description A token in clear. Each access is recorded. */
      200: {
        content: {
          'application/json': components['schemas']['Token'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      409: components['responses']['Conflict'];
      429: components['responses']['RateLimited'];
      502: components['responses']['BadGateway'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Quotas of a tenant: limit, used, and when it begins anew
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  getQuotas: {
    parameters: {
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
      };
    };
    responses: {
      /** @description Limits of what a tenant may use, and what it has used. */
      200: {
        content: {
          'application/json': components['schemas']['Quotas'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * How the syncs of a tenant are, and when they are due next
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  listSyncStates: {
    parameters: {
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
      };
    };
    responses: {
      /** @description How the syncs of a tenant are. */
      200: {
        content: {
          'application/json': components['schemas']['SyncStates'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Runs of all integrations of a tenant
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  listTenantSyncs: {
    parameters: {
      query?: {
        /** @description Most on one page. Default 50. */
        limit?: number;
        /** @description `next` of the page before. */
        before?: string;
      };
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
      };
    };
    responses: {
      /** @description A page of runs. */
      200: {
        content: {
          'application/json': components['schemas']['SyncRunPage'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Usage of a tenant by day
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  getUsage: {
    parameters: {
      query?: {
        /** @description First day, UTC. Default: 30 days before the last. */
        from?: string;
        /** @description Last day, UTC. Default: today. */
        to?: string;
        /** @description csv: a line for each day and integration. */
        format?: 'json' | 'csv';
      };
      path: {
        /** @description Name of the Tenant document. */
        tenant: string;
      };
    };
    responses: {
      /** @description Usage of a tenant by day. */
      200: {
        content: {
          'application/json': components['schemas']['Usage'];
          'text/csv': string;
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Deliveries of a tenant, the newest first
   * @description Permission: `tenant.read` (role admin, tenant-admin, app, viewer).
   */
  listWebhookDeliveries: {
    parameters: {
      query?: {
        /** @description Default: all. */
        status?: 'pending' | 'delivered' | 'dead';
        /** @description Only those made before; for the next page. */
        before?: string;
        /** @description Most deliveries. Default 50. */
        limit?: number;
      };
      path: {
        /** @description Name of the tenant. */
        tenant: string;
      };
    };
    responses: {
      /** @description Deliveries of a tenant. */
      200: {
        content: {
          'application/json': components['schemas']['WebhookDeliveries'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Send a delivery again that is dead or waits
   * @description Now, and then as often as a new one.
   *
   * Permission: `tenant.manage` (role admin, tenant-admin).
   */
  retryWebhookDelivery: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Name of the tenant. */
        tenant: string;
        /** @description Id of the delivery. */
        id: string;
      };
    };
    responses: {
      /** @description It will be sent. */
      202: {
        content: {
          'application/json': components['schemas']['RetriedWebhookDelivery'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Endpoints of a tenant
   * @description Permission: `tenant.manage` (role admin, tenant-admin).
   */
  listWebhookEndpoints: {
    parameters: {
      path: {
        /** @description Name of the tenant. */
        tenant: string;
      };
    };
    responses: {
      /** @description Endpoints of a tenant. */
      200: {
        content: {
          'application/json': components['schemas']['WebhookEndpoints'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Make an endpoint
   * @description Its secret is shown in this answer and never again.
   *
   * Permission: `tenant.manage` (role admin, tenant-admin).
   */
  createWebhookEndpoint: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Name of the tenant. */
        tenant: string;
      };
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['NewWebhookEndpoint'];
      };
    };
    responses: {
      /** @description An endpoint that was made. */
      201: {
        content: {
          'application/json': components['schemas']['CreatedWebhookEndpoint'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Delete an endpoint and what waits for it
   * @description Permission: `tenant.manage` (role admin, tenant-admin).
   */
  deleteWebhookEndpoint: {
    parameters: {
      header?: {
        'X-Tenantry-CSRF'?: components['parameters']['CsrfToken'];
      };
      path: {
        /** @description Name of the tenant. */
        tenant: string;
        /** @description Id of the endpoint. */
        id: string;
      };
    };
    responses: {
      /** @description It is gone. */
      204: {
        content: never;
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * The token of an account at a provider, among the caller’s tenants
   * @description Permission: `tokens.use` (role admin, app).
   */
  findToken: {
    parameters: {
      query: {
        /** @description Id of the catalog entry, e.g. notion. */
        platform: string;
        /** @description Id of the organisation at the provider. */
        organization?: string;
        /** @description Id of the installation: the provider’s, or that of GET /oauth/installations. */
        installation?: string;
      };
    };
    responses: {
      /** @description A token in clear. Each access is recorded. */
      200: {
        content: {
          'application/json': components['schemas']['Token'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      409: components['responses']['Conflict'];
      429: components['responses']['RateLimited'];
      502: components['responses']['BadGateway'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /** A delivery of a provider, signed with the secret of the app */
  receiveWebhook: {
    parameters: {
      path: {
        /** @description Id of the integration, e.g. github. */
        integration: string;
      };
    };
    requestBody: {
      content: {
        '*/*': unknown;
      };
    };
    responses: {
      /** @description Empty, but for the answer to a challenge. */
      200: {
        content: {
          'application/json': components['schemas']['WebhookAnswer'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      404: components['responses']['NotFound'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /**
   * Signing secrets that the provider sent when the address was set up
   * @description Within the last hour, and while the app has none.
   *
   * Permission: `platform` (role admin).
   */
  listVerificationTokens: {
    parameters: {
      path: {
        /** @description Id of the integration, e.g. github. */
        integration: string;
      };
    };
    responses: {
      /** @description Signing secrets that came in. */
      200: {
        content: {
          'application/json': components['schemas']['VerificationTokens'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      403: components['responses']['Forbidden'];
      404: components['responses']['NotFound'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
  /** A delivery for one installation, signed with its own secret or that of its app */
  receiveInstallationWebhook: {
    parameters: {
      path: {
        /** @description Id of the integration, e.g. github. */
        integration: string;
        /** @description Id of the installation, as GET /oauth/installations shows it. */
        installation: string;
      };
    };
    requestBody: {
      content: {
        '*/*': unknown;
      };
    };
    responses: {
      /** @description Empty, but for the answer to a challenge. */
      200: {
        content: {
          'application/json': components['schemas']['WebhookAnswer'];
        };
      };
      400: components['responses']['BadRequest'];
      401: components['responses']['Unauthenticated'];
      404: components['responses']['NotFound'];
      413: components['responses']['PayloadTooLarge'];
      429: components['responses']['RateLimited'];
      503: components['responses']['Unavailable'];
      default: components['responses']['Error'];
    };
  };
}
