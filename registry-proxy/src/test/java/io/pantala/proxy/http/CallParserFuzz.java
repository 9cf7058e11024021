package io.pantala.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.sun.management.ThreadMXBean;
import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.intercept.Authority;
import io.pantala.proxy.intercept.HostPattern;
import io.pantala.registry.Upstream;
import io.pantala.registry.Upstreams;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.provider.MethodSource;

/** What an engine, or anybody, may ask for in a request line. */
class CallParserFuzz {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long MOST_MEMORY = 16 << 20;
    private static final int FEW = 5_000;

    /** Until then the fuzzer itself needs memory on the same thread, for classes that it has not seen. */
    private static final int WARM = 1_000;

    private static final UpstreamName QUAY = UpstreamName.parse("quay.io");
    private static final UpstreamName LOCAL = UpstreamName.parse("registry.local:5000");
    private static final Set<UpstreamName> CONFIGURED = Set.of(UpstreamName.DOCKER_HUB, QUAY, LOCAL);

    private static int runs;

    private final CallParser parser = new CallParser(
            new Upstreams(List.of(
                    new Upstream(UpstreamName.DOCKER_HUB, URI.create("https://registry-1.docker.io")),
                    new Upstream(QUAY, URI.create("https://quay.io")),
                    new Upstream(LOCAL, URI.create("http://10.0.0.7:5001")))),
            HostPattern.parse("*.tunnelled.example")::matches,
            UpstreamName.DOCKER_HUB);

    static byte[][] requests() {
        String digest = "sha256:" + "0123456789abcdef".repeat(4);
        return Stream.of(
                        "GET /v2/",
                        "HEAD /v2/library/nginx/manifests/1.27?ns=docker.io",
                        "GET /v2/quay.io/a/b/blobs/" + digest,
                        "GET /v2/docker.io/nginx/manifests/" + digest,
                        "GET /v2/a/tags/list?n=5&ns=registry.local%3A5000&last=x%2Fy",
                        "GET /v2/a/referrers/" + digest + "?artifactType=x",
                        "GET /v2/_catalog?n=10",
                        "POST /v2/a/blobs/uploads/?mount=" + digest + "&from=b",
                        "GET http://registry.local:5000/v2/x/manifests/1?ns=quay.io",
                        "GET https://[fd00::1]:5000/v2/x/manifests/1",
                        "GET http://x.tunnelled.example/y")
                .map(line -> line.getBytes(StandardCharsets.ISO_8859_1))
                .toArray(byte[][]::new);
    }

    @MethodSource("requests")
    @FuzzTest(maxDuration = "10s")
    void readsWhatMeansTheSameWhenItIsSentOnAndRefusesTheRest(byte[] line) throws RegistryException {
        runs++;
        String text = new String(line, StandardCharsets.ISO_8859_1);
        int space = text.indexOf(' ');
        String method = space < 0 ? "GET" : text.substring(0, space);
        String target = text.substring(space + 1);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        Optional<Call> call = read(method, target, Optional.empty());
        assertThat(THREADS.getCurrentThreadAllocatedBytes() - before)
                .isLessThan(runs > WARM ? MOST_MEMORY : Long.MAX_VALUE);
        if (call.isPresent() && call.get() instanceof RegistryCall asked) {
            assertThat(CONFIGURED).contains(asked.route().upstream());
            assertThat(asked.target()).matches("/[\\x21-\\x7e]*");
            assertSameBehindConnect(method, asked);
        }
        Optional<Call> intercepted = read(method, target, behindConnect(QUAY));
        if (intercepted.isPresent() && intercepted.get() instanceof RegistryCall asked) {
            assertThat(asked.route().upstream()).isEqualTo(QUAY);
        }
    }

    /** Whoever reads what goes to the registry reads the repository that was asked for, and not another. */
    private void assertSameBehindConnect(String method, RegistryCall asked) throws RegistryException {
        if (asked instanceof RegistryCall.Other) {
            return;
        }
        Call again =
                parser.parse(method, asked.target(), behindConnect(asked.route().upstream()));
        assertThat(again).isInstanceOf(asked.getClass());
        assertThat(((RegistryCall) again).target()).isEqualTo(asked.target());
    }

    private Optional<Call> read(String method, String target, Optional<EngineChannel.Intercepted> intercepted) {
        try {
            return Optional.of(parser.parse(method, target, intercepted));
        } catch (RegistryException e) {
            assertThat(e.error().status()).isBetween(400, 499);
            return Optional.empty();
        }
    }

    private static Optional<EngineChannel.Intercepted> behindConnect(UpstreamName upstream) {
        return Optional.of(new EngineChannel.Intercepted(upstream, new Authority("quay.io", 443)));
    }

    /** Seeds alone prove little. */
    @AfterAll
    static void hasTriedMuch() {
        assertThat(runs).isGreaterThan(FEW);
    }
}
