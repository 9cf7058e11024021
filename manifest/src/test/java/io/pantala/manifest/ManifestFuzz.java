package io.pantala.manifest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.provider.MethodSource;

/** What a registry may call a manifest. */
class ManifestFuzz {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long MOST_MEMORY = 64 << 20;
    private static final int FEW = 5_000;

    /** Until then the fuzzer itself needs memory on the same thread, for classes that it has not seen. */
    private static final int WARM = 1_000;

    private static int runs;

    static byte[][] manifests() {
        String blob = "{\"mediaType\":\"m\",\"digest\":\"" + Digest.EMPTY_SHA256
                + "\",\"size\":2,\"urls\":[\"http://a/\"],\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\"}}";
        return Stream.of(
                        "{\"mediaType\":\"m\",\"config\":" + blob + ",\"layers\":[" + blob + "," + blob + "]}",
                        "{\"manifests\":[" + blob + "]}",
                        "{\"blobs\":[" + blob + "]}",
                        "{\"schemaVersion\":1,\"fsLayers\":[]}")
                .map(json -> json.getBytes(UTF_8))
                .toArray(byte[][]::new);
    }

    @MethodSource("manifests")
    @FuzzTest(maxDuration = "10s")
    void readsManifestsAsTheyReadOnceWrittenAnewAndRefusesTheRest(byte[] bytes) throws ManifestException {
        runs++;
        Manifest manifest;
        long before = THREADS.getCurrentThreadAllocatedBytes();
        try {
            manifest = Manifest.parse(bytes);
            assertThat(Manifest.mediaType(bytes)).isNotEmpty();
        } catch (ManifestException e) {
            return;
        } finally {
            assertThat(THREADS.getCurrentThreadAllocatedBytes() - before)
                    .isLessThan(runs > WARM ? MOST_MEMORY : Long.MAX_VALUE);
        }
        assertThat(Manifest.parse(written(manifest))).isEqualTo(manifest);
    }

    /** As someone else would write it. */
    private static byte[] written(Manifest manifest) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        switch (manifest) {
            case Manifest.Image image -> write(image.blobs(), root.putArray("layers"));
            case Manifest.Index index -> write(index.manifests(), root.putArray("manifests"));
            case Manifest.Opaque _ -> root.put("schemaVersion", 1);
        }
        return root.toString().getBytes(UTF_8);
    }

    private static void write(List<Descriptor> descriptors, ArrayNode to) {
        for (Descriptor each : descriptors) {
            ObjectNode node = to.addObject()
                    .put("mediaType", each.mediaType())
                    .put("digest", each.digest().toString())
                    .put("size", each.size());
            each.urls().forEach(node.putArray("urls")::add);
            if (each.platform() != null) {
                node.putObject("platform")
                        .put("os", each.platform().os())
                        .put("architecture", each.platform().architecture())
                        .put("variant", each.platform().variant());
            }
        }
    }

    /** Seeds alone prove little. */
    @AfterAll
    static void hasTriedMuch() {
        assertThat(runs).isGreaterThan(FEW);
    }
}
