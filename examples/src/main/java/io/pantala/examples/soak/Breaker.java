package io.pantala.examples.soak;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ends nodes by chance, and starts them again. In the second half of a run the seed and the first host are spared, so that
 * their memory can be watched for long.
 */
final class Breaker {
    /** The longest that a node is away. */
    private static final Duration AWAY = Duration.ofSeconds(2);

    private static final double KILLED = 0.7;

    private final Fleet fleet;
    private final SplittableRandom random;
    private final Duration pause;
    private final CountDownLatch over = new CountDownLatch(1);
    private int kills;
    private int stops;

    /** @param pause between two nodes that are ended, on average */
    Breaker(Fleet fleet, SplittableRandom random, Duration pause) {
        this.fleet = fleet;
        this.random = random;
        this.pause = pause;
    }

    /**
     * Ends one node after the other until it is told to stop, and leaves all of them running.
     *
     * @param half from then on some are spared, in nanoseconds of {@link System#nanoTime}
     */
    void run(long half) throws IOException, InterruptedException {
        while (!await(pause.dividedBy(2).plus(share(pause)))) {
            boolean sparing = System.nanoTime() > half;
            List<Member> victims =
                    sparing ? fleet.hosts().subList(1, fleet.hosts().size()) : fleet.members();
            double choice = random.nextDouble();
            boolean kill = random.nextDouble() < KILLED;
            Duration away = share(AWAY);
            if (!victims.isEmpty()) {
                end(victims.get((int) (choice * victims.size())), kill, away);
            }
        }
    }

    /** Ends no further node. */
    void stop() {
        over.countDown();
    }

    /** Waits; whether it is over. */
    private boolean await(Duration time) throws InterruptedException {
        return over.await(time.toNanos(), TimeUnit.NANOSECONDS);
    }

    private Duration share(Duration most) {
        return Duration.ofNanos((long) (random.nextDouble() * most.toNanos()));
    }

    private void end(Member victim, boolean kill, Duration away) throws IOException, InterruptedException {
        if (kill) {
            kills++;
            victim.kill();
        } else {
            stops++;
            victim.stop();
        }
        boolean _ = await(away);
        victim.start();
    }

    /** How often it has ended a node as {@code kill -9} does. To be asked when it has run. */
    int kills() {
        return kills;
    }

    /** How often it has asked a node to end. To be asked when it has run. */
    int stops() {
        return stops;
    }
}
