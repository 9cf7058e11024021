package io.pantala.examples.soak;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.examples.rig.Blob;
import io.pantala.examples.rig.Site;
import io.pantala.examples.soak.Puller.Wish;
import io.pantala.examples.soak.Tally.Event;
import io.pantala.manifest.Digest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an engine makes of answers: one that overlooks wrong bytes would make all runs look well. */
class PullerTest {
    private static final String BODY = "0123456789";

    private final Tally tally = new Tally();
    private final List<String> ranges = new CopyOnWriteArrayList<>();
    private boolean spoilt;
    private ServerSocketChannel proxy;
    private Blob blob;

    @BeforeEach
    void open(@TempDir Path directory) throws Exception {
        proxy = Site.here().listen(0);
        blob = new Blob(
                Digest.sha256(BODY.getBytes(US_ASCII)),
                BODY.length(),
                Files.writeString(directory.resolve("blob"), BODY));
    }

    @AfterEach
    void close() throws IOException {
        proxy.close();
    }

    @Test
    void resumesWhereAnAnswerEnded() throws Exception {
        answer(whole(10, "0123"), range(4, "456789"));

        pull(whole());

        assertThat(tally.count(Event.WHOLE)).isEqualTo(1);
        assertThat(tally.count(Event.RESUMED)).isEqualTo(1);
        assertThat(ranges).containsExactly("", "bytes=4-9");
        assertThat(tally.failures()).isEmpty();
    }

    @Test
    void asksAgainWhatWasRefusedForNow() throws Exception {
        answer("HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n", whole(10, BODY));

        pull(whole());

        assertThat(tally.count(Event.ASKED_AGAIN)).isEqualTo(1);
        assertThat(tally.count(Event.WHOLE)).isEqualTo(1);
    }

    @Test
    void seesOneWrongByte() throws Exception {
        answer(whole(10, "01234X6789"));

        pull(whole());

        assertThat(tally.count(Event.WRONG)).isEqualTo(1);
        assertThat(tally.failures()).singleElement().asString().contains("bytes 0 to 10", "wrong from here on");
    }

    @Test
    void takesWhatTheRegistryHadSpoiltForWrongWhereItCameWhole() throws Exception {
        spoilt = true;
        answer(whole(10, "01234X6789"));

        pull(whole());

        assertThat(tally.count(Event.WRONG)).isEqualTo(1);
        assertThat(tally.failures()).singleElement().asString().contains("came whole");
    }

    @Test
    void beginsAnewWhereSpoiltBytesWereCutShort() throws Exception {
        spoilt = true;
        answer(whole(10, "01X34"), whole(10, BODY));

        pull(whole());

        assertThat(tally.count(Event.BEGUN_ANEW)).isEqualTo(1);
        assertThat(tally.count(Event.WHOLE)).isEqualTo(1);
        assertThat(ranges).containsExactly("", "");
        assertThat(tally.failures()).isEmpty();
    }

    @Test
    void losesWhatIsRefusedForGood() throws Exception {
        answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");

        pull(whole());

        assertThat(tally.count(Event.LOST)).isEqualTo(1);
    }

    @Test
    void takesNoOtherRangeForTheOneItAskedFor() throws Exception {
        answer(range(0, "234"));

        pull(new Wish(blob, 2, 5, 10));

        assertThat(tally.count(Event.LOST)).isEqualTo(1);
    }

    @Test
    void leavesWhereItMeantTo() throws Exception {
        answer(whole(10, "01234"));

        pull(new Wish(blob, 0, 10, 5));

        assertThat(tally.count(Event.LEFT)).isEqualTo(1);
        assertThat(tally.count(Event.RESUMED)).isZero();
    }

    private Wish whole() {
        return new Wish(blob, 0, 10, 10);
    }

    private void pull(Wish wish) throws Exception {
        InetSocketAddress address = (InetSocketAddress) proxy.getLocalAddress();
        new Puller(Site.here(), address, "registry.test", _ -> spoilt, tally, Duration.ofMinutes(1)).pull(wish);
    }

    private static String whole(int length, String body) {
        return "HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\n" + body;
    }

    private static String range(int from, String body) {
        return "HTTP/1.1 206 Partial Content\r\nContent-Length: " + body.length() + "\r\nContent-Range: bytes " + from
                + "-" + (from + body.length() - 1) + "/10\r\n\r\n" + body;
    }

    /** Gives one answer after the other, each over a connection of its own. */
    private void answer(String... answers) {
        Thread.ofVirtual().start(() -> {
            try {
                for (String answer : answers) {
                    giveNext(answer);
                }
            } catch (IOException e) {
                // the test is over
            }
        });
    }

    private void giveNext(String answer) throws IOException {
        try (SocketChannel engine = proxy.accept();
                BufferedReader request =
                        new BufferedReader(new InputStreamReader(engine.socket().getInputStream(), US_ASCII))) {
            String range = "";
            for (String line = request.readLine(); line != null && !line.isEmpty(); line = request.readLine()) {
                range = line.startsWith("Range: ") ? line.substring("Range: ".length()) : range;
            }
            ranges.add(range);
            engine.socket().getOutputStream().write(answer.getBytes(US_ASCII));
        }
    }
}
