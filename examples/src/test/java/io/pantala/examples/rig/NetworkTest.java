package io.pantala.examples.rig;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("engine")
class NetworkTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @BeforeEach
    void assumeCanRun() {
        try {
            Tools.requireRoot();
            Tools.require("ip", "tc");
        } catch (RigException e) {
            assumeThat(e).isNull();
        }
    }

    @Test
    void hostsReachOneAnotherAndNobodyElse() throws Exception {
        try (Network network = Network.create()) {
            Site one = network.add("one", null);
            Site two = network.add("two", Rate.parse("100mbit"));
            try (ServerSocketChannel listening = two.listen(0);
                    SocketChannel connection = one.connect((InetSocketAddress) listening.getLocalAddress(), PATIENCE);
                    SocketChannel accepted = listening.accept()) {
                accepted.write(ByteBuffer.wrap("here".getBytes(US_ASCII)));
                ByteBuffer read = ByteBuffer.allocate(4);
                connection.read(read);

                assertThat(read.array()).asString(US_ASCII).isEqualTo("here");
                assertThat(((InetSocketAddress) accepted.getRemoteAddress()).getHostString())
                        .isEqualTo(one.address());
                assertThatThrownBy(() -> Site.here()
                                .connect((InetSocketAddress) listening.getLocalAddress(), Duration.ofMillis(200)))
                        .isInstanceOf(IOException.class);
            }
        }
    }

    @Test
    void aLinkWithARateIsShapedAtBothEnds() throws Exception {
        try (Network network = Network.create()) {
            Site host = network.add("host", Rate.parse("10mbit"));

            assertThat(Tools.run(host.command(List.of("tc", "qdisc", "show", "dev", "eth0"))))
                    .contains("tbf")
                    .contains("rate 10Mbit");
            String hub = "pantala-" + ProcessHandle.current().pid() + "-switch";
            assertThat(Tools.run(List.of("tc", "-n", hub, "qdisc", "show", "dev", "port0")))
                    .contains("tbf")
                    .contains("rate 10Mbit");
        }
    }

    @Test
    void hostsThatWereIntroducedKnowOneAnotherForGood() throws Exception {
        try (Network network = Network.create()) {
            network.addZone("west", null);
            Site one = network.add("one", null);
            Site two = network.add("two", null, "west");

            network.introduce();
            send(one, two, 50_000);

            assertThat(Tools.run(one.command(List.of("ip", "neighbour", "show")))
                            .lines())
                    .singleElement()
                    .asString()
                    .startsWith(two.address() + " dev eth0 lladdr ")
                    .contains(" PERMANENT");
        }
    }

    @Test
    void countsWhatLinksCarryAndWhatCrossesTheBorderOfAZone() throws Exception {
        try (Network network = Network.create()) {
            network.addZone("east", null);
            network.addZone("west", Rate.parse("100mbit"));
            Site one = network.add("one", null, "east");
            Site two = network.add("two", null, "west");
            Site neighbour = network.add("neighbour", null, "west");
            send(two, one, 300_000);
            send(two, neighbour, 50_000);

            Map<String, Network.Carried> carried = network.carried();

            assertThat(carried.get("two").sent()).isBetween(350_000L, 400_000L);
            assertThat(carried.get("neighbour").received()).isBetween(50_000L, 70_000L);
            assertThat(carried.get("west").sent()).isBetween(300_000L, 340_000L);
            assertThat(carried.get("east").received()).isBetween(300_000L, 340_000L);
            assertThat(carried.get("west").received()).isLessThan(30_000);
        }
    }

    /** Sends so many bytes, and waits until they are there. */
    private static void send(Site from, Site to, int bytes) throws Exception {
        try (ServerSocketChannel listening = to.listen(0);
                SocketChannel connection = from.connect((InetSocketAddress) listening.getLocalAddress(), PATIENCE);
                SocketChannel accepted = listening.accept()) {
            Thread sending = Thread.ofVirtual().start(() -> {
                try {
                    ByteBuffer left = ByteBuffer.allocate(bytes);
                    while (left.hasRemaining()) {
                        connection.write(left);
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            ByteBuffer read = ByteBuffer.allocate(bytes);
            while (read.hasRemaining() && accepted.read(read) >= 0) {
                // until all of it is there
            }
            sending.join();
        }
    }

    @Test
    void nothingIsLeftOfItOnceItIsClosed() throws Exception {
        Network network = Network.create();
        Site host = network.add("host", null);
        network.close();

        assertThat(Tools.run(List.of("ip", "netns", "list")))
                .doesNotContain("pantala-" + ProcessHandle.current().pid() + "-");
        assertThatThrownBy(() -> host.listen(0)).isInstanceOf(IOException.class);
    }

    @Test
    void removesWhatAProgramThatIsGoneHasLeft() throws Exception {
        long gone = pidOfNobody();
        Tools.run(List.of("ip", "netns", "add", "pantala-" + gone + "-host"));

        Network.create().close();

        assertThat(Tools.run(List.of("ip", "netns", "list"))).doesNotContain("pantala-" + gone + "-");
    }

    private static long pidOfNobody() throws Exception {
        Process process = new ProcessBuilder("true").start();
        process.waitFor();
        return process.pid();
    }
}
