package io.pantala.transport.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.cbor.CBORFactory;
import com.fasterxml.jackson.dataformat.cbor.databind.CBORMapper;
import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.BlockSet;
import io.pantala.manifest.Digest;
import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.store.BlobFailure;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.FillRequest;
import io.pantala.swarm.Opening;
import io.pantala.swarm.UpstreamRefusal;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlMessage.Accepted;
import io.pantala.transport.control.ControlMessage.Belated;
import io.pantala.transport.control.ControlMessage.Credential;
import io.pantala.transport.control.ControlMessage.CredentialWanted;
import io.pantala.transport.control.ControlMessage.Failed;
import io.pantala.transport.control.ControlMessage.Granted;
import io.pantala.transport.control.ControlMessage.Hashes;
import io.pantala.transport.control.ControlMessage.Have;
import io.pantala.transport.control.ControlMessage.Hello;
import io.pantala.transport.control.ControlMessage.Joined;
import io.pantala.transport.control.ControlMessage.Leave;
import io.pantala.transport.control.ControlMessage.Limits;
import io.pantala.transport.control.ControlMessage.News;
import io.pantala.transport.control.ControlMessage.Opened;
import io.pantala.transport.control.ControlMessage.Order;
import io.pantala.transport.control.ControlMessage.Orders;
import io.pantala.transport.control.ControlMessage.PassThrough;
import io.pantala.transport.control.ControlMessage.Peer;
import io.pantala.transport.control.ControlMessage.Reading;
import io.pantala.transport.control.ControlMessage.Recall;
import io.pantala.transport.control.ControlMessage.Recalled;
import io.pantala.transport.control.ControlMessage.Refused;
import io.pantala.transport.control.ControlMessage.Report;
import io.pantala.transport.control.ControlMessage.Reports;
import io.pantala.transport.control.ControlMessage.Sealed;
import io.pantala.transport.control.ControlMessage.Unavailable;
import io.pantala.transport.control.ControlMessage.Unknown;
import io.pantala.transport.control.ControlMessage.Want;
import io.pantala.transport.control.ControlMessage.Welcome;
import io.pantala.transport.identity.ClusterKey;
import io.pantala.transport.ticket.Ticket;
import io.pantala.transport.ticket.TicketKey;
import io.pantala.transport.ticket.Voucher;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The messages of one link as CBOR: one map a message, its type under {@code t}. Fields and types that are not known are
 * ignored, so that a newer node may say more than an older one understands.
 *
 * <p>Orders are sent by the million, so what is true of most takes no byte: a block that the seed is to send and that
 * {@code repeats} doesn't name was with no host that could pass it on.
 *
 * <p>Safe for use by several threads.
 */
final class ControlCodec {
    private static final String MANIFEST = "manifest";

    /** The number of a blob. */
    private static final String NUMBER = "n";

    /** Bytes of the longest message. */
    static final int LONGEST = 1 << 20;

    private static final int DEEPEST = 8;
    private static final int MOST_HEADERS = 256;
    private static final int MOST_TICKET_KEYS = 64;

    /** Fields of one order, of what is said beside it of some, and of one report. */
    private static final int ORDER = 2;

    private static final int REPEAT = 2;
    private static final int REPORT = 5;

    private static final CBORMapper MAPPER = new CBORMapper(CBORFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(DEEPEST)
                    .maxDocumentLength(LONGEST)
                    .maxStringLength(LONGEST)
                    .build())
            .build());
    private static final ObjectReader READER = MAPPER.reader(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final BlobNumbers numbers = new BlobNumbers();

    byte[] encode(ControlMessage message) {
        try {
            return MAPPER.writeValueAsBytes(toTree(message));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree can always be written", e);
        }
    }

    /** Reads one whole message. */
    ControlMessage decode(byte[] bytes) throws MalformedMessageException {
        JsonNode tree;
        try {
            tree = READER.readTree(bytes);
        } catch (IOException | RuntimeException e) {
            throw new MalformedMessageException("not a CBOR value");
        }
        if (!(tree instanceof ObjectNode map)) {
            throw new MalformedMessageException("not a CBOR map");
        }
        requireText(map);
        Fields fields = new Fields(map);
        String type = fields.text("t");
        try {
            if (fields.isNumbered() && !fields.isNamed()) {
                int number = fields.integer(NUMBER);
                Optional<BlobKey> numbered = numbers.heard(number);
                if (numbered.isEmpty()) {
                    return new Belated(type, number);
                }
                fields = new Fields(map, numbered);
            }
            ControlMessage message = fromTree(type, fields);
            learn(message, fields);
            return message;
        } catch (IllegalArgumentException e) {
            throw new MalformedMessageException("a '" + type + "' message makes no sense");
        }
    }

    private void learn(ControlMessage message, Fields fields) throws MalformedMessageException {
        if (message instanceof Want want && fields.isNumbered()) {
            numbers.take(want.key(), fields.integer(NUMBER));
        } else if (message instanceof Leave leave) {
            numbers.forget(leave.key());
        }
    }

    /** What is read as text must be text: half of a surrogate pair is none, and couldn't be written again. */
    private static void requireText(JsonNode value) throws MalformedMessageException {
        if (value.isTextual() && !isText(value.textValue())) {
            throw new MalformedMessageException("not UTF-8");
        }
        for (Map.Entry<String, JsonNode> field : value.properties()) {
            if (!isText(field.getKey())) {
                throw new MalformedMessageException("not UTF-8");
            }
        }
        for (JsonNode each : value) {
            requireText(each);
        }
    }

    private static boolean isText(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                if (!Character.isSurrogatePair(text.charAt(i), i + 1 < text.length() ? text.charAt(i + 1) : 0)) {
                    return false;
                }
                i++;
            }
        }
        return true;
    }

    /** By its number, where both ends know one. */
    private void name(ControlMessage.AboutBlob about, ObjectNode map) {
        BlobKey key = about.key();
        OptionalInt number = numbers.shared(key);
        if (number.isPresent() && !(about instanceof Want || about instanceof Leave)) {
            map.put(NUMBER, number.getAsInt());
            return;
        }
        map.put("upstream", key.upstream().value());
        map.put("digest", key.digest().toString());
        if (about instanceof Want) {
            numbers.give(key).ifPresent(given -> map.put(NUMBER, given));
        } else if (about instanceof Leave) {
            numbers.forget(key);
        }
    }

    private ObjectNode toTree(ControlMessage message) {
        ObjectNode map = JsonNodeFactory.instance.objectNode();
        if (message instanceof ControlMessage.AboutBlob about) {
            name(about, map);
        }
        switch (message) {
            case Hello hello -> {
                map.put("t", "hello")
                        .put("oldest", hello.versions().oldest())
                        .put("newest", hello.versions().newest())
                        .put("node", hello.node())
                        .put("software", hello.software());
                hello.peer().ifPresent(peer -> {
                    map.put("peer-port", peer.port());
                    peer.host().ifPresent(host -> map.put("peer-host", host));
                });
                if (!hello.zone().isEmpty()) {
                    map.put("zone", hello.zone());
                }
                if (hello.limits().upload() != Long.MAX_VALUE) {
                    map.put("up", hello.limits().upload());
                }
                if (hello.limits().download() != Long.MAX_VALUE) {
                    map.put("down", hello.limits().download());
                }
            }
            case Welcome welcome ->
                map.put("t", "welcome").put("version", welcome.version()).put("seed", welcome.seed());
            case News news -> {
                map.put("t", "news").put("time", news.time().toEpochMilli()).put("roots", news.roots());
                ArrayNode keys = map.putArray("ticket-keys");
                news.ticketKeys().forEach(key -> keys.add(key.encoded()));
                ArrayNode shutOut = map.putArray("shut-out");
                news.shutOut().forEach(shutOut::add);
                news.key().ifPresent(key -> map.put("key", key.encoded()));
            }
            case Unknown unknown -> map.put("t", unknown.type());
            case Belated belated -> map.put("t", belated.type()).put(NUMBER, belated.number());
            case Want want -> {
                map.put("t", "want")
                        .put("repository", want.repository().value())
                        .put("request", want.requestId());
                if (want.content() == FillRequest.Content.MANIFEST) {
                    map.put("content", MANIFEST);
                }
                put(map, want.authorization());
            }
            case Accepted _ -> map.put("t", "accepted");
            case Opened opened ->
                map.put("t", "opened")
                        .put("size", opened.layout().size())
                        .put("block", opened.layout().blockSize());
            case Granted granted ->
                map.put("t", "granted").put("ticket", granted.ticket().text());
            case Refused refused -> {
                UpstreamRefusal refusal = refused.refusal();
                map.put("t", "refused").put("status", refusal.status()).put("body", refusal.body());
                ArrayNode headers = map.putArray("headers");
                refusal.headers().forEach(header -> headers.add(header.getKey()).add(header.getValue()));
            }
            case PassThrough passThrough ->
                map.put("t", "pass-through").put("reason", passThrough.reason().name());
            case Unavailable unavailable -> map.put("t", "unavailable").put("reason", unavailable.reason());
            case Hashes hashes ->
                map.put("t", "hashes").put("first", hashes.first()).put("hashes", hashes.packed());
            case Sealed sealed -> {
                map.put("t", "sealed");
                sealed.voucher().ifPresent(voucher -> map.put("voucher", voucher.text()));
            }
            case Recall _ -> map.put("t", "recall");
            case Recalled recalled ->
                map.put("t", "recalled")
                        .put("size", recalled.layout().size())
                        .put("block", recalled.layout().blockSize())
                        .put("hashes", recalled.packed())
                        .put("voucher", recalled.voucher().text());
            case Failed failed -> {
                map.put("t", "failed");
                switch (failed.failure()) {
                    case BlobFailure.DigestMismatch mismatch -> {
                        map.put("kind", "mismatch");
                        if (mismatch.got() != null) {
                            map.put("got", mismatch.got().toString());
                        }
                    }
                    case BlobFailure.Interrupted interrupted ->
                        map.put("kind", "interrupted").put("reason", interrupted.why());
                }
            }
            case CredentialWanted wanted -> map.put("t", "credential-wanted").put("challenge", wanted.challenge());
            case Credential credential -> {
                map.put("t", "credential")
                        .put("newer", credential.authorization().isPresent());
                credential.authorization().ifPresent(authorization -> put(map, authorization));
            }
            case Joined joined -> map.put("t", "joined").put("request", joined.requestId());
            case Leave _ -> map.put("t", "leave");
            case Have have ->
                map.put("t", "have")
                        .put("size", have.layout().size())
                        .put("block", have.layout().blockSize())
                        .put("blocks", have.blocks().toBytes());
            case Reading reading -> {
                ArrayNode blocks = map.put("t", "reading").putArray("blocks");
                reading.blocks().forEach(blocks::add);
            }
            case Orders orders -> {
                ArrayNode flat = map.put("t", "orders").putArray("orders");
                for (Order order : orders.orders()) {
                    flat.add(order.block()).add(text(order.from()));
                }
                if (orders.orders().stream().anyMatch(order -> order.repeat().isPresent())) {
                    ArrayNode repeats = map.putArray("repeats");
                    orders.orders()
                            .forEach(order -> order.repeat()
                                    .ifPresent(why -> repeats.add(order.block()).add(why.name())));
                }
            }
            case Reports reports -> {
                ArrayNode flat = map.put("t", "reports").putArray("reports");
                for (Report report : reports.reports()) {
                    flat.add(report.block())
                            .add(text(report.from()))
                            .add(report.outcome().name())
                            .add(micros(report.took()))
                            .add(micros(report.waited()));
                }
            }
        }
        return map;
    }

    private static String text(Optional<NodeAddress> address) {
        return address.map(NodeAddress::toString).orElse("");
    }

    private static long micros(Duration duration) {
        return TimeUnit.MICROSECONDS.convert(duration);
    }

    private static void put(ObjectNode map, Authorization authorization) {
        if (!authorization.isAnonymous()) {
            map.put("authorization", authorization.header());
        }
    }

    private static ControlMessage fromTree(String type, Fields fields) throws MalformedMessageException {
        return switch (type) {
            case "hello" ->
                new Hello(
                        new VersionRange(fields.integer("oldest"), fields.integer("newest")),
                        fields.text("node"),
                        fields.text("software"),
                        fields.peer(),
                        fields.textOr("zone", ""),
                        new Limits(fields.numberOr("up", Long.MAX_VALUE), fields.numberOr("down", Long.MAX_VALUE)));
            case "welcome" -> new Welcome(fields.integer("version"), fields.text("seed"));
            case "news" ->
                new News(
                        Instant.ofEpochMilli(fields.number("time")),
                        fields.text("roots"),
                        fields.ticketKeys(),
                        fields.texts("shut-out"),
                        fields.clusterKey());
            case "want" ->
                new Want(
                        fields.named(),
                        new RepositoryName(fields.text("repository")),
                        MANIFEST.equals(fields.optionalText("content"))
                                ? FillRequest.Content.MANIFEST
                                : FillRequest.Content.BLOB,
                        Authorization.of(fields.optionalText("authorization")),
                        fields.text("request"));
            case "accepted" -> new Accepted(fields.key());
            case "opened" -> new Opened(fields.key(), new BlockLayout(fields.number("size"), fields.integer("block")));
            case "granted" -> new Granted(fields.key(), new Ticket(fields.text("ticket")));
            case "refused" ->
                new Refused(
                        fields.key(),
                        new UpstreamRefusal(fields.integer("status"), fields.headers(), fields.bytes("body")));
            case "pass-through" ->
                new PassThrough(fields.key(), Opening.PassThrough.Reason.valueOf(fields.text("reason")));
            case "unavailable" -> new Unavailable(fields.key(), fields.text("reason"));
            case "hashes" -> new Hashes(fields.key(), fields.integer("first"), fields.bytes("hashes"));
            case "sealed" ->
                new Sealed(
                        fields.key(),
                        Optional.ofNullable(fields.optionalText("voucher")).map(Voucher::new));
            case "recall" -> new Recall(fields.key());
            case "recalled" ->
                new Recalled(
                        fields.key(),
                        new BlockLayout(fields.number("size"), fields.integer("block")),
                        fields.bytes("hashes"),
                        new Voucher(fields.text("voucher")));
            case "failed" -> new Failed(fields.key(), fields.failure());
            case "credential-wanted" -> new CredentialWanted(fields.key(), fields.text("challenge"));
            case "credential" ->
                new Credential(
                        fields.key(),
                        fields.truth("newer")
                                ? Optional.of(Authorization.of(fields.optionalText("authorization")))
                                : Optional.empty());
            case "joined" -> new Joined(fields.key(), fields.text("request"));
            case "leave" -> new Leave(fields.named());
            case "have" -> fields.have();
            case "reading" -> new Reading(fields.key(), fields.integers("blocks", Reading.MOST));
            case "orders" -> new Orders(fields.key(), fields.orders());
            case "reports" -> new Reports(fields.key(), fields.reports());
            default -> new Unknown(type);
        };
    }

    /**
     * A message's fields, each read as the one type it may have.
     *
     * @param numbered the blob it is about, where it says a number
     */
    private record Fields(ObjectNode map, Optional<BlobKey> numbered) {
        Fields(ObjectNode map) {
            this(map, Optional.empty());
        }

        boolean isNumbered() {
            return map.has(NUMBER);
        }

        boolean isNamed() {
            return map.has("upstream");
        }

        BlobKey key() throws MalformedMessageException {
            return numbered.isPresent() ? numbered.get() : named();
        }

        BlobKey named() throws MalformedMessageException {
            return new BlobKey(new UpstreamName(text("upstream")), Digest.parse(text("digest")));
        }

        String text(String name) throws MalformedMessageException {
            String text = optionalText(name);
            if (text == null) {
                throw missing(name);
            }
            return text;
        }

        @Nullable
        String optionalText(String name) {
            JsonNode value = map.get(name);
            return value != null && value.isTextual() ? value.textValue() : null;
        }

        int integer(String name) throws MalformedMessageException {
            JsonNode value = map.get(name);
            if (value == null || !value.isIntegralNumber() || !value.canConvertToInt()) {
                throw missing(name);
            }
            return value.intValue();
        }

        long number(String name) throws MalformedMessageException {
            JsonNode value = map.get(name);
            if (value == null || !value.isIntegralNumber() || !value.canConvertToLong()) {
                throw missing(name);
            }
            return value.longValue();
        }

        long numberOr(String name, long otherwise) throws MalformedMessageException {
            return map.has(name) ? number(name) : otherwise;
        }

        boolean truth(String name) throws MalformedMessageException {
            JsonNode value = map.get(name);
            if (value == null || !value.isBoolean()) {
                throw missing(name);
            }
            return value.booleanValue();
        }

        byte[] bytes(String name) throws MalformedMessageException {
            if (!(map.get(name) instanceof BinaryNode value)) {
                throw missing(name);
            }
            return value.binaryValue();
        }

        List<Map.Entry<String, String>> headers() throws MalformedMessageException {
            if (!(map.get("headers") instanceof ArrayNode flat)
                    || flat.size() % 2 != 0
                    || flat.size() > 2 * MOST_HEADERS) {
                throw missing("headers");
            }
            List<Map.Entry<String, String>> headers = new ArrayList<>();
            for (int i = 0; i < flat.size(); i += 2) {
                headers.add(Map.entry(flat.get(i).asText(), flat.get(i + 1).asText()));
            }
            return headers;
        }

        String textOr(String name, String otherwise) {
            String text = optionalText(name);
            return text == null ? otherwise : text;
        }

        Have have() throws MalformedMessageException {
            BlockLayout layout = new BlockLayout(number("size"), integer("block"));
            return new Have(key(), layout, BlockSet.of(layout.count(), bytes("blocks")));
        }

        List<Integer> integers(String name, int most) throws MalformedMessageException {
            List<Integer> integers = new ArrayList<>();
            for (JsonNode each : array(name, most)) {
                integers.add(integer(each, name));
            }
            return integers;
        }

        List<Order> orders() throws MalformedMessageException {
            ArrayNode flat = array("orders", ORDER * Orders.MOST);
            Map<Integer, Order.Repeat> repeats = repeats();
            List<Order> orders = new ArrayList<>();
            for (int i = 0; i + ORDER <= flat.size(); i += ORDER) {
                int block = integer(flat.get(i), "orders");
                Optional<NodeAddress> from = address(flat.get(i + 1));
                orders.add(new Order(
                        block, from, from.isPresent() ? Optional.empty() : Optional.ofNullable(repeats.get(block))));
            }
            return orders;
        }

        private Map<Integer, Order.Repeat> repeats() throws MalformedMessageException {
            if (!map.has("repeats")) {
                return Map.of();
            }
            ArrayNode flat = array("repeats", REPEAT * Orders.MOST);
            Map<Integer, Order.Repeat> repeats = new HashMap<>();
            for (int i = 0; i + REPEAT <= flat.size(); i += REPEAT) {
                repeats.put(
                        integer(flat.get(i), "repeats"),
                        named(Order.Repeat.values(), flat.get(i + 1), Order.Repeat.OTHER));
            }
            return repeats;
        }

        List<Report> reports() throws MalformedMessageException {
            ArrayNode flat = array("reports", REPORT * Orders.MOST);
            List<Report> reports = new ArrayList<>();
            for (int i = 0; i + REPORT <= flat.size(); i += REPORT) {
                reports.add(new Report(
                        integer(flat.get(i), "reports"),
                        address(flat.get(i + 1)),
                        named(Report.Outcome.values(), flat.get(i + 2), Report.Outcome.OTHER),
                        Duration.of(flat.get(i + 3).asLong(), ChronoUnit.MICROS),
                        Duration.of(flat.get(i + 4).asLong(), ChronoUnit.MICROS)));
            }
            return reports;
        }

        /** @param unknown what a word stands for that this version doesn't know */
        private static <E extends Enum<E>> E named(E[] known, JsonNode name, E unknown) {
            return Arrays.stream(known)
                    .filter(each -> each.name().equals(name.asText()))
                    .findFirst()
                    .orElse(unknown);
        }

        private static Optional<NodeAddress> address(JsonNode text) {
            return text.asText().isEmpty() ? Optional.empty() : Optional.of(NodeAddress.parse(text.asText(), 0));
        }

        private static int integer(JsonNode value, String name) throws MalformedMessageException {
            if (!value.isIntegralNumber() || !value.canConvertToInt()) {
                throw missing(name);
            }
            return value.intValue();
        }

        Optional<Peer> peer() {
            JsonNode port = map.get("peer-port");
            return port == null || !port.canConvertToInt()
                    ? Optional.empty()
                    : Optional.of(new Peer(Optional.ofNullable(optionalText("peer-host")), port.intValue()));
        }

        List<TicketKey> ticketKeys() throws MalformedMessageException {
            List<TicketKey> keys = new ArrayList<>();
            for (JsonNode key : array("ticket-keys", MOST_TICKET_KEYS)) {
                if (key instanceof BinaryNode encoded) {
                    keys.add(TicketKey.parse(encoded.binaryValue()));
                }
            }
            return keys;
        }

        Optional<ClusterKey> clusterKey() throws MalformedMessageException {
            return map.has("key") ? Optional.of(ClusterKey.of(bytes("key"))) : Optional.empty();
        }

        Set<String> texts(String name) throws MalformedMessageException {
            Set<String> texts = new HashSet<>();
            array(name, Integer.MAX_VALUE).forEach(text -> texts.add(text.asText()));
            return texts;
        }

        private ArrayNode array(String name, int most) throws MalformedMessageException {
            if (!(map.get(name) instanceof ArrayNode array) || array.size() > most) {
                throw missing(name);
            }
            return array;
        }

        BlobFailure failure() throws MalformedMessageException {
            String got = optionalText("got");
            return switch (text("kind")) {
                case "mismatch" ->
                    new BlobFailure.DigestMismatch(key().digest(), got == null ? null : Digest.parse(got));
                case "interrupted" -> new BlobFailure.Interrupted(text("reason"));
                default -> new BlobFailure.Interrupted("the seed gave up for a reason this version doesn't know");
            };
        }

        private static MalformedMessageException missing(String name) {
            return new MalformedMessageException("the field '" + name + "' is missing or of the wrong type");
        }
    }
}
