package io.pantala.transport.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.cbor.databind.CBORMapper;
import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.BlockSet;
import io.pantala.manifest.Digest;
import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.store.BlobFailure;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.Opening;
import io.pantala.swarm.UpstreamRefusal;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlMessage.Order;
import io.pantala.transport.control.ControlMessage.Report;
import io.pantala.transport.identity.ClusterKey;
import io.pantala.transport.ticket.Ticket;
import io.pantala.transport.ticket.Voucher;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ControlCodecTest {
    private static final BlobKey KEY = new BlobKey(new UpstreamName("[fd00::1]:5000"), Digest.EMPTY_SHA256);
    private static final Authorization SECRET = Authorization.of("Bearer hunter2");

    private static final NodeAddress PEER = new NodeAddress("10.0.0.7", 4001);

    private static final ControlMessage.Want WANT =
            new ControlMessage.Want(KEY, new RepositoryName("library/nginx"), SECRET, "r-1");
    private static final ControlMessage.Orders ORDERS =
            new ControlMessage.Orders(KEY, List.of(new Order(4, Optional.of(PEER))));
    private static final ControlMessage.Reading READING = new ControlMessage.Reading(KEY, List.of(0, 17));

    private final ControlCodec codec = new ControlCodec();

    static Stream<ControlMessage> messages() {
        return Stream.of(
                new ControlMessage.Hello(
                        new VersionRange(1, 3),
                        "host-7",
                        "pantala/0.1.0",
                        Optional.empty(),
                        "eu/a/r1",
                        ControlMessage.Limits.NONE),
                new ControlMessage.Hello(
                        new VersionRange(1, 3),
                        "host-8",
                        "pantala/0.1.0",
                        Optional.empty(),
                        "",
                        new ControlMessage.Limits(1_000_000, Long.MAX_VALUE)),
                new ControlMessage.Welcome(2, "seed-1"),
                new ControlMessage.News(
                        Instant.ofEpochMilli(1), "PEM", List.of(), Set.of("host-9", "host-10"), Optional.empty()),
                new ControlMessage.News(
                        Instant.ofEpochMilli(1), "PEM", List.of(), Set.of(), Optional.of(ClusterKey.derive(new byte[] {1
                        }))),
                new ControlMessage.Granted(KEY, new Ticket("a-ticket")),
                new ControlMessage.Want(KEY, new RepositoryName("library/nginx"), SECRET, "r-1"),
                new ControlMessage.Want(KEY, new RepositoryName("a"), Authorization.ANONYMOUS, "r-2"),
                new ControlMessage.Accepted(KEY),
                new ControlMessage.Opened(KEY, BlockLayout.of(20L << 30)),
                new ControlMessage.Opened(KEY, BlockLayout.of(0)),
                new ControlMessage.Refused(
                        KEY,
                        new UpstreamRefusal(
                                429,
                                List.of(Map.entry("Retry-After", "1"), Map.entry("X", "a"), Map.entry("X", "b")),
                                new byte[] {0, -1, 5})),
                new ControlMessage.PassThrough(KEY, Opening.PassThrough.Reason.NO_ROOM),
                new ControlMessage.Unavailable(KEY, "the registry can't be reached"),
                new ControlMessage.Hashes(KEY, 12, new byte[96]),
                new ControlMessage.Sealed(KEY),
                new ControlMessage.Sealed(KEY, Optional.of(new Voucher("a-voucher"))),
                new ControlMessage.Recall(KEY),
                new ControlMessage.Recalled(KEY, BlockLayout.of(600_000), new byte[96], new Voucher("a-voucher")),
                new ControlMessage.Failed(KEY, new BlobFailure.Interrupted("cut")),
                new ControlMessage.Failed(
                        KEY, new BlobFailure.DigestMismatch(KEY.digest(), Digest.sha256(new byte[] {1}))),
                new ControlMessage.Failed(KEY, new BlobFailure.DigestMismatch(KEY.digest(), null)),
                new ControlMessage.CredentialWanted(KEY, "Bearer realm=\"https://auth.example\""),
                new ControlMessage.Credential(KEY, Optional.of(SECRET)),
                new ControlMessage.Credential(KEY, Optional.empty()),
                new ControlMessage.Joined(KEY, "r2"),
                new ControlMessage.Leave(KEY),
                new ControlMessage.Have(KEY, BlockLayout.of(20L << 30), held()),
                new ControlMessage.Have(KEY, BlockLayout.of(0), new BlockSet(0)),
                new ControlMessage.Reading(KEY, List.of(0, 17)),
                new ControlMessage.Orders(
                        KEY, List.of(new Order(3, Optional.empty()), new Order(4, Optional.of(PEER)))),
                new ControlMessage.Orders(KEY, repeats()),
                new ControlMessage.Reports(KEY, reports()),
                new ControlMessage.Belated("orders", 7));
    }

    private static BlockSet held() {
        BlockSet held = new BlockSet(BlockLayout.of(20L << 30).count());
        held.add(0);
        held.add(9);
        return held;
    }

    private static List<Order> repeats() {
        List<Order> orders = new ArrayList<>(List.of(new Order(0, Optional.empty()), new Order(7, Optional.of(PEER))));
        for (Order.Repeat repeat : Order.Repeat.values()) {
            orders.add(new Order(orders.size() + 6, Optional.empty(), Optional.of(repeat)));
        }
        return orders;
    }

    private static List<Report> reports() {
        return Stream.of(Report.Outcome.values())
                .map(outcome ->
                        new Report(7, Optional.of(PEER), outcome, Duration.ofMillis(12), Duration.ofNanos(1_000)))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("messages")
    void readsWhatItWrote(ControlMessage message) throws MalformedMessageException {
        assertThat(codec.decode(codec.encode(message)))
                .usingRecursiveComparison()
                .isEqualTo(message);
    }

    @ParameterizedTest
    @MethodSource("messages")
    void ignoresFieldsItDoesNotKnow(ControlMessage message) throws Exception {
        CBORMapper mapper = new CBORMapper();
        ObjectNode tree = (ObjectNode) mapper.readTree(codec.encode(message));
        tree.put("priority", 3).putArray("tasks").add(1).addObject().put("x", "y");
        assertThat(codec.decode(mapper.writeValueAsBytes(tree)))
                .usingRecursiveComparison()
                .isEqualTo(message);
    }

    @ParameterizedTest
    @MethodSource("messages")
    void refusesEveryMessageThatIsCutShort(ControlMessage message) {
        byte[] bytes = codec.encode(message);
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> codec.decode(cut)).isInstanceOf(MalformedMessageException.class);
        }
    }

    @ParameterizedTest
    @MethodSource("messages")
    void refusesMessagesThatLackAField(ControlMessage message) throws IOException {
        CBORMapper mapper = new CBORMapper();
        ObjectNode tree = (ObjectNode) mapper.readTree(codec.encode(message));
        List<String> optional =
                List.of("authorization", "got", "zone", "from", "up", "down", "key", "voucher", "n", "repeats");
        for (String field :
                List.copyOf(tree.properties().stream().map(Map.Entry::getKey).toList())) {
            ObjectNode without = tree.deepCopy();
            without.remove(field);
            byte[] bytes = mapper.writeValueAsBytes(without);
            if (!optional.contains(field)) {
                assertThatThrownBy(() -> codec.decode(bytes)).isInstanceOf(MalformedMessageException.class);
            }
        }
    }

    @Test
    void saysNothingMoreOfWhatASeedSendsFirstOrAHostSends() throws IOException {
        ControlMessage first = new ControlMessage.Orders(KEY, repeats().subList(0, 2));
        assertThat(new CBORMapper().readTree(codec.encode(first)).properties())
                .extracting(Map.Entry::getKey)
                .containsExactlyInAnyOrder("upstream", "digest", "t", "orders");
    }

    @Test
    void takesAReasonThatItDoesNotKnowForAnother() throws Exception {
        CBORMapper mapper = new CBORMapper();
        ObjectNode tree = (ObjectNode) mapper.readTree(codec.encode(new ControlMessage.Orders(
                KEY, List.of(new Order(3, Optional.empty()), new Order(4, Optional.of(PEER))))));
        tree.putArray("repeats").add(3).add("WHIM").add(4).add("BUSY").add(5).add("BUSY");
        assertThat(codec.decode(mapper.writeValueAsBytes(tree)))
                .isEqualTo(new ControlMessage.Orders(
                        KEY,
                        List.of(
                                new Order(3, Optional.empty(), Optional.of(Order.Repeat.OTHER)),
                                new Order(4, Optional.of(PEER)))));
    }

    @Test
    void keepsTypesItDoesNotKnowApart() throws Exception {
        byte[] bytes = new CBORMapper().writeValueAsBytes(Map.of("t", "tasks", "first", 3));
        assertThat(codec.decode(bytes)).isEqualTo(new ControlMessage.Unknown("tasks"));
    }

    @Test
    void refusesWhatFollowsAMessage() {
        byte[] bytes = codec.encode(new ControlMessage.Sealed(KEY));
        byte[] more = Arrays.copyOf(bytes, bytes.length + 1);
        assertThatThrownBy(() -> codec.decode(more)).isInstanceOf(MalformedMessageException.class);
    }

    @Test
    void refusesValuesNestedTooDeeply() {
        byte[] deep = new byte[500_000];
        Arrays.fill(deep, (byte) 0x81);
        assertThatThrownBy(() -> codec.decode(deep)).isInstanceOf(MalformedMessageException.class);
    }

    @Test
    void refusesLengthsThatNobodyCouldHold() {
        // A byte string that claims 2^62 bytes.
        byte[] claim = {(byte) 0xa1, 0x61, 't', 0x5b, 0x40, 0, 0, 0, 0, 0, 0, 0};
        assertThatThrownBy(() -> codec.decode(claim)).isInstanceOf(MalformedMessageException.class);
    }

    @Test
    void refusesNamesThatCouldForgeLogLines() throws Exception {
        byte[] bytes = new CBORMapper()
                .writeValueAsBytes(
                        Map.of("t", "hello", "oldest", 1, "newest", 1, "node", "a\nb", "software", "pantala"));
        assertThatThrownBy(() -> codec.decode(bytes)).isInstanceOf(MalformedMessageException.class);
    }

    /** Such bytes look like UTF-8, and read as characters that nobody could write again. */
    @Test
    void refusesHalvesOfSurrogatePairsWhereverTheyStand() throws Exception {
        byte[] high = {'x', (byte) 0xed, (byte) 0xa0, (byte) 0x80};
        byte[] low = {'x', (byte) 0xed, (byte) 0xb0, (byte) 0x80};
        for (byte[] half : List.of(high, low)) {
            for (Object place : List.of("HALF", List.of(List.of("HALF")), Map.of("HALF", 1))) {
                byte[] bytes = new CBORMapper().writeValueAsBytes(Map.of("t", "tasks", "first", place));
                System.arraycopy(half, 0, bytes, indexOf(bytes, "HALF"), half.length);
                assertThatThrownBy(() -> codec.decode(bytes)).isInstanceOf(MalformedMessageException.class);
            }
        }
        ControlMessage whole = new ControlMessage.Unknown("\ud83d\ude00");
        assertThat(codec.decode(codec.encode(whole))).isEqualTo(whole);
    }

    private static int indexOf(byte[] bytes, String ascii) {
        return new String(bytes, StandardCharsets.ISO_8859_1).indexOf(ascii);
    }

    @Test
    void neverShowsACredential() {
        assertThat(messages().map(String::valueOf)).noneMatch(text -> text.contains("hunter2"));
    }

    @Test
    void namesWhatAHostWantsByANumberAfterwards() throws MalformedMessageException {
        ControlCodec seed = new ControlCodec();
        assertThat(seed.decode(codec.encode(WANT))).isEqualTo(WANT);
        byte[] orders = seed.encode(ORDERS);
        assertThat(orders).hasSizeLessThan(50);
        assertThat(codec.decode(orders)).isEqualTo(ORDERS);
        byte[] reading = codec.encode(READING);
        assertThat(reading).hasSizeLessThan(30);
        assertThat(seed.decode(reading)).isEqualTo(READING);
    }

    @Test
    void saysNoNumberToASeedThatHasNeverSaidIt() throws MalformedMessageException {
        codec.encode(WANT);
        assertThat(new ControlCodec().decode(codec.encode(READING))).isEqualTo(READING);
    }

    /** An older host. */
    @Test
    void saysNoNumberToAHostThatHasGivenNone() throws Exception {
        CBORMapper mapper = new CBORMapper();
        ObjectNode want = (ObjectNode) mapper.readTree(codec.encode(WANT));
        want.remove("n");
        ControlCodec seed = new ControlCodec();
        assertThat(seed.decode(mapper.writeValueAsBytes(want))).isEqualTo(WANT);
        assertThat(new ControlCodec().decode(seed.encode(ORDERS))).isEqualTo(ORDERS);
    }

    @Test
    void ignoresWhatWasSaidOfABlobBeforeTheSeedHeardThatItWasLeft() throws MalformedMessageException {
        ControlCodec seed = new ControlCodec();
        seed.decode(codec.encode(WANT));
        byte[] onItsWay = seed.encode(ORDERS);
        seed.decode(codec.encode(new ControlMessage.Leave(KEY)));
        assertThat(codec.decode(onItsWay)).isEqualTo(new ControlMessage.Belated("orders", 1));
        assertThat(new ControlCodec().decode(seed.encode(ORDERS)))
                .as("named in full again")
                .isEqualTo(ORDERS);

        seed.decode(codec.encode(WANT));
        assertThat(codec.decode(onItsWay))
                .as("the number is nobody else's")
                .isEqualTo(new ControlMessage.Belated("orders", 1));
        assertThat(codec.decode(seed.encode(ORDERS))).isEqualTo(ORDERS);
    }

    @Test
    void keepsTheNumberOfWhatIsWantedTwice() throws MalformedMessageException {
        ControlCodec seed = new ControlCodec();
        seed.decode(codec.encode(WANT));
        byte[] onItsWay = seed.encode(ORDERS);
        seed.decode(codec.encode(WANT));
        assertThat(codec.decode(onItsWay)).isEqualTo(ORDERS);
    }

    @Test
    void numbersAThousandAtOnceAndNamesTheOthers() throws MalformedMessageException {
        ControlCodec seed = new ControlCodec();
        for (int i = 0; i <= BlobNumbers.MOST; i++) {
            BlobKey key = new BlobKey(KEY.upstream(), Digest.sha256(new byte[] {(byte) i, (byte) (i >> 8)}));
            seed.decode(
                    codec.encode(new ControlMessage.Want(key, new RepositoryName("a"), Authorization.ANONYMOUS, "r")));
            byte[] accepted = seed.encode(new ControlMessage.Accepted(key));
            assertThat(accepted.length < 30).as("number %s is short", i).isEqualTo(i < BlobNumbers.MOST);
            assertThat(codec.decode(accepted)).isEqualTo(new ControlMessage.Accepted(key));
        }
    }

    /** Another program than ours may count as it likes. */
    @Test
    void takesANumberForTheBlobThatHadItLast() throws Exception {
        CBORMapper mapper = new CBORMapper();
        BlobKey other = new BlobKey(KEY.upstream(), Digest.sha256(new byte[] {1}));
        ObjectNode want = (ObjectNode) mapper.readTree(codec.encode(WANT));
        ControlCodec seed = new ControlCodec();
        seed.decode(mapper.writeValueAsBytes(want));
        seed.decode(mapper.writeValueAsBytes(want.put("digest", other.digest().toString())));
        assertThat(new ControlCodec().decode(seed.encode(ORDERS))).isEqualTo(ORDERS);
        assertThat(seed.decode(seed.encode(new ControlMessage.Accepted(other))))
                .isEqualTo(new ControlMessage.Accepted(other));
    }

    @Test
    void eitherReadsOrRefusesGarbage() {
        Random random = new Random(7);
        for (int i = 0; i < 2_000; i++) {
            byte[] garbage = new byte[random.nextInt(300)];
            random.nextBytes(garbage);
            try {
                assertThat(codec.decode(garbage)).isNotNull();
            } catch (MalformedMessageException e) {
                assertThat(e).hasMessageNotContaining("Exception");
            }
        }
    }
}
