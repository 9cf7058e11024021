package io.pantala.proxy.intercept;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import javax.net.ssl.SSLException;

/** The certificates shown to engines: one for each set of names, kept while it is used and made anew before it gets old. */
final class Certificates {
    /** Engines ask for few registries; what else is asked for can't fill memory. */
    private static final int MOST = 256;

    /** Long before one ends. */
    private static final Duration USE = Duration.ofDays(2);

    private final CertificateAuthority authority;
    private final Cache<SortedSet<String>, SslContext> made;

    Certificates(CertificateAuthority authority) {
        this(authority, Ticker.systemTicker(), MOST);
    }

    Certificates(CertificateAuthority authority, Ticker ticker, int most) {
        this.authority = authority;
        this.made = Caffeine.newBuilder()
                .maximumSize(most)
                .expireAfterWrite(USE)
                .ticker(ticker)
                .executor(Runnable::run)
                .build();
    }

    /** How TLS is spoken as one who has these names. May take some milliseconds. */
    SslContext of(SortedSet<String> names) {
        return made.get(names, this::make);
    }

    private SslContext make(SortedSet<String> names) {
        CertificateAuthority.Leaf leaf = authority.mint(names);
        try {
            return SslContextBuilder.forServer(leaf.key(), leaf.chain().toArray(X509Certificate[]::new))
                    .sslProvider(SslProvider.JDK)
                    .build();
        } catch (SSLException e) {
            throw new IllegalStateException("this platform speaks no TLS", e);
        }
    }

    /** Speaks TLS with itself once, so that the first engine need not wait for all that this loads. */
    void warmUp() {
        SslContext here = of(new TreeSet<>(Set.of("localhost")));
        SslContext trusting = trusting();
        var server = new EmbeddedChannel(here.newHandler(UnpooledByteBufAllocator.DEFAULT));
        var client = new EmbeddedChannel(trusting.newHandler(UnpooledByteBufAllocator.DEFAULT, "localhost", 443));
        boolean moved = true;
        while (moved) {
            boolean there = move(client, server);
            moved = move(server, client) || there;
        }
        server.finishAndReleaseAll();
        client.finishAndReleaseAll();
    }

    private SslContext trusting() {
        try {
            return SslContextBuilder.forClient()
                    .sslProvider(SslProvider.JDK)
                    .trustManager(authority.certificate())
                    .build();
        } catch (SSLException e) {
            throw new IllegalStateException("this platform speaks no TLS", e);
        }
    }

    private static boolean move(EmbeddedChannel from, EmbeddedChannel to) {
        boolean moved = false;
        for (Object part = from.readOutbound(); part != null; part = from.readOutbound()) {
            to.writeInbound(part);
            moved = true;
        }
        return moved;
    }
}
