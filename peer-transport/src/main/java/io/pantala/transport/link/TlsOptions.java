package io.pantala.transport.link;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContext;
import io.pantala.transport.identity.ClusterTls;
import io.vertx.core.net.JdkSSLEngineOptions;
import io.vertx.core.spi.tls.SslContextFactory;
import javax.net.ssl.SSLContext;

/** Lets a client of Vert.x use a context of our own: it would make one whose sessions are resumed. */
public final class TlsOptions extends JdkSSLEngineOptions {
    private final SSLContext context;

    public TlsOptions(SSLContext context) {
        this.context = context;
    }

    @Override
    public SslContextFactory sslContextFactory() {
        return new SslContextFactory() {
            @Override
            public SslContext create() {
                return new JdkSslContext(
                        context,
                        true,
                        ClusterTls.SUITES,
                        IdentityCipherSuiteFilter.INSTANCE,
                        ApplicationProtocolConfig.DISABLED,
                        ClientAuth.NONE,
                        new String[] {ClusterTls.PROTOCOL},
                        false);
            }
        };
    }
}
