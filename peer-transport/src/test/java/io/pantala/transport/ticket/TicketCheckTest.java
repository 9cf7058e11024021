package io.pantala.transport.ticket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Role;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TicketCheckTest {
    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");
    private static final BlobKey BLOB = new BlobKey(UpstreamName.DOCKER_HUB, Digest.sha256(new byte[] {1}));
    private static final Optional<NodeIdentity> HOST = Optional.of(new NodeIdentity(Role.HOST, "host-1"));

    private final TicketSigner signer = TicketSigner.create();
    private final List<TicketKey> keys = new ArrayList<>(List.of(signer.key()));
    private Instant now = NOW;
    private final TicketCheck check = new TicketCheck(() -> keys, _ -> now);
    private final Ticket ticket = signer.sign("host-1", BLOB, "seed-1", NOW);

    @Test
    void opensOneBlobToOneHost() {
        assertThat(check.check(ticket.text(), HOST, BLOB)).isEmpty();
        assertThat(check.check(ticket.text(), HOST, BLOB)).isEmpty();
        assertThat(ticket.text()).hasSizeLessThan(300);
        assertThat(ticket.toString()).doesNotContain(ticket.text());
    }

    @Test
    void opensNothingForAnotherHost() {
        Optional<NodeIdentity> other = Optional.of(new NodeIdentity(Role.HOST, "host-2"));

        assertThat(check.check(ticket.text(), other, BLOB)).contains(TicketRefusal.OTHER_HOST);
        assertThat(check.check(ticket.text(), HOST, BLOB)).isEmpty();
        assertThat(check.check(ticket.text(), other, BLOB)).contains(TicketRefusal.OTHER_HOST);
    }

    @Test
    void opensNoOtherBlobAndNotTheSameOfAnotherUpstream() {
        BlobKey digest = new BlobKey(UpstreamName.DOCKER_HUB, Digest.sha256(new byte[] {2}));
        BlobKey upstream = new BlobKey(new UpstreamName("ghcr.io"), BLOB.digest());

        assertThat(check.check(ticket.text(), HOST, digest)).contains(TicketRefusal.OTHER_BLOB);
        assertThat(check.check(ticket.text(), HOST, upstream)).contains(TicketRefusal.OTHER_BLOB);
    }

    @Test
    void knowsWhatASeedHasVouchedForFromAllElse() {
        BlockLayout layout = BlockLayout.of(600_000);
        byte[] hashes = new byte[96];
        byte[] others = hashes.clone();
        others[95] = 1;
        Voucher voucher = signer.vouch(BLOB, layout, hashes);
        BlobKey elsewhere = new BlobKey(new UpstreamName("ghcr.io"), BLOB.digest());

        assertThat(check.isVouched(BLOB, layout, hashes, voucher)).isTrue();
        assertThat(check.isVouched(BLOB, layout, others, voucher)).isFalse();
        assertThat(check.isVouched(BLOB, BlockLayout.of(600_001), hashes, voucher))
                .isFalse();
        assertThat(check.isVouched(elsewhere, layout, hashes, voucher)).isFalse();
        assertThat(check.isVouched(BLOB, layout, hashes, new Voucher("nonsense")))
                .isFalse();
        assertThat(check.check(voucher.text(), HOST, BLOB)).contains(TicketRefusal.MALFORMED);

        keys.clear();
        assertThat(check.isVouched(BLOB, layout, hashes, voucher)).isFalse();
    }

    @Test
    void endsWhenItsTimeIsOver() {
        now = NOW.plus(TicketSigner.LIFE);
        assertThat(check.check(ticket.text(), HOST, BLOB)).isEmpty();

        now = now.plusMillis(1);
        assertThat(check.check(ticket.text(), HOST, BLOB)).contains(TicketRefusal.EXPIRED);
    }

    @Test
    void ofAKeyThatTheClusterDoesNotHaveIsNone() {
        Ticket foreign = TicketSigner.create().sign("host-1", BLOB, "seed-1", NOW);
        assertThat(check.check(foreign.text(), HOST, BLOB)).contains(TicketRefusal.UNKNOWN_KEY);

        assertThat(check.check(ticket.text(), HOST, BLOB)).isEmpty();
        keys.clear();
        assertThat(check.check(ticket.text(), HOST, BLOB)).contains(TicketRefusal.UNKNOWN_KEY);
    }

    @Test
    void isForgedWhenAnyBitOfItIsAnother() {
        byte[] bytes = Base64.getUrlDecoder().decode(ticket.text());
        for (int i = 0; i < bytes.length; i++) {
            byte[] forged = bytes.clone();
            forged[i] ^= 1;
            String text = Base64.getUrlEncoder().withoutPadding().encodeToString(forged);

            assertThat(check.check(text, HOST, BLOB)).as("byte %d", i).isPresent();
        }
    }

    @Test
    void isForgedWhenSignedByAnotherKeyUnderTheNameOfOurs() throws Exception {
        TicketSigner other = TicketSigner.create();
        byte[] contents = new Contents(signer.key().id(), "host-1", BLOB, "seed-1", NOW.plusSeconds(60)).encode();
        Signature signature = Signature.getInstance(TicketSigner.ALGORITHM);
        signature.initSign(KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(other.encoded())));
        signature.update(contents);
        byte[] signed = signature.sign();
        byte[] forged = Arrays.copyOf(contents, contents.length + signed.length);
        System.arraycopy(signed, 0, forged, contents.length, signed.length);

        assertThat(check.check(Base64.getUrlEncoder().withoutPadding().encodeToString(forged), HOST, BLOB))
                .contains(TicketRefusal.FORGED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "====",
                "AQ",
                "not base64 at all",
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            })
    void isNothingElse(String text) {
        assertThat(check.check(text, HOST, BLOB)).contains(TicketRefusal.MALFORMED);
    }

    @Test
    void isNeeded() {
        assertThat(check.check(null, HOST, BLOB)).contains(TicketRefusal.MISSING);
    }

    @Test
    void isComparedWithWhoeverAsksAsFarAsThatIsKnown() {
        assertThat(check.check(ticket.text(), Optional.empty(), BLOB)).isEmpty();
    }

    @Test
    void aSignerIsReadAsItIsWritten() {
        TicketSigner again = TicketSigner.parse(signer.encoded(), signer.key().encoded());

        assertThat(again.key()).isEqualTo(signer.key());
        assertThat(check.check(again.sign("host-1", BLOB, "seed-1", NOW).text(), HOST, BLOB))
                .isEmpty();
        assertThatThrownBy(() -> TicketKey.parse(new byte[] {1})).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> TicketSigner.parse(new byte[] {1}, signer.key().encoded()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void isGoodByTheClockOfTheSeedThatSignedItWhateverThisMachinesClockShows() {
        AtomicLong nanos = new AtomicLong();
        SeedClocks clocks = new SeedClocks("host-2", () -> NOW.minus(Duration.ofMinutes(30)), nanos::get);
        TicketCheck skewed = new TicketCheck(() -> keys, clocks);
        clocks.learn("seed-2", NOW.plus(Duration.ofHours(1)));
        clocks.learn("seed-1", NOW);

        nanos.set(Duration.ofMinutes(5).toNanos());
        assertThat(skewed.check(ticket.text(), HOST, BLOB)).isEmpty();
        nanos.addAndGet(1_000_000);
        assertThat(skewed.check(ticket.text(), HOST, BLOB)).contains(TicketRefusal.EXPIRED);
    }

    @Test
    void aSeedThatHasToldNothingShowsTheTimeOfTheOneThatToldLast() {
        SeedClocks clocks = new SeedClocks("seed-3", () -> Instant.EPOCH, () -> 0);
        assertThat(clocks.now("seed-1")).isEqualTo(Instant.EPOCH);

        clocks.learn("seed-1", NOW);
        clocks.learn("seed-2", NOW.plusSeconds(7));
        clocks.learn("seed-1", NOW.plusSeconds(1));

        assertThat(clocks.now("seed-2")).isEqualTo(NOW.plusSeconds(7));
        assertThat(clocks.now("seed-9")).isEqualTo(NOW.plusSeconds(1));
        assertThat(clocks.now("seed-3")).isEqualTo(Instant.EPOCH);
    }
}
