// Runs Apache Kafka's command line tools one after the other in one process, since each would otherwise start a virtual machine of its own.
// A line on standard input is a main class and its words, or one of the transactions below, separated by tabs; in front may stand "<TEXT",
// what the tool reads. What it printed comes back as "1 TEXT" (standard output) and "2 TEXT" (standard error), closed by "code N".
// Each TEXT is in base64. A tool that ends the process ends at that point: nothing that it prints while it is unwound is seen.

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Exit;

public class Tools {
  static final Map<String, KafkaProducer<String, String>> producers = new HashMap<>();
  static String bootstrap;
  static volatile Run current;

  public static void main(String[] words) throws Exception {
    bootstrap = words[0];
    Exit.setExitProcedure((code, message) -> current.exit(code));
    Exit.setHaltProcedure((code, message) -> current.exit(code));
    Exit.setShutdownHookAdder((name, hook) -> current.hooks.add(hook));
    PrintStream answers = System.out;
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] parts = line.split("\t", -1);
      boolean reads = parts[0].startsWith("<");
      System.setIn(new ByteArrayInputStream(reads ? Base64.getDecoder().decode(parts[0].substring(1)) : new byte[0]));
      new Run(reads ? Arrays.copyOfRange(parts, 1, parts.length) : parts).complete(answers);
    }
    producers.values().forEach(producer -> producer.close(Duration.ZERO));
    System.exit(0); // Threads that a tool left behind do not hold the process.
  }

  /** Thrown where a tool ended the process, after what it printed is kept; an Error, so that handlers of exceptions let it pass. */
  static class Ended extends Error {}

  /** One tool, in a thread that stands still where a process would have ended. */
  static class Run {
    final List<Runnable> hooks = new CopyOnWriteArrayList<>();
    final String[] words;
    final CountDownLatch ended = new CountDownLatch(1);
    final CountDownLatch kept = new CountDownLatch(1);
    volatile int code;

    Run(String[] words) {
      this.words = words;
    }

    void complete(PrintStream answers) throws Exception {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
      System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
      current = this;
      Thread thread = new Thread(this::run, "tool");
      thread.setDaemon(true);
      thread.start();
      ended.await();
      runHooks();
      System.out.flush();
      System.err.flush();
      System.setOut(new PrintStream(OutputStream.nullOutputStream()));
      System.setErr(new PrintStream(OutputStream.nullOutputStream()));
      answers.println("1 " + Base64.getEncoder().encodeToString(out.toByteArray()));
      answers.println("2 " + Base64.getEncoder().encodeToString(err.toByteArray()));
      answers.println("code " + code);
      kept.countDown();
      thread.join(2000); // It closes its clients.
    }

    void run() {
      try {
        if (words[0].startsWith("@")) transaction(words);
        else Class.forName(words[0]).getMethod("main", String[].class).invoke(null, (Object) Arrays.copyOfRange(words, 1, words.length));
      } catch (Throwable thrown) {
        Throwable cause = thrown instanceof InvocationTargetException ? thrown.getCause() : thrown;
        if (cause instanceof Ended) return;
        System.err.print("Exception in thread \"main\" ");
        cause.printStackTrace();
        code = 1;
      }
      ended.countDown();
    }

    void exit(int wanted) {
      if (ended.getCount() > 0) code = wanted;
      ended.countDown();
      try {
        kept.await();
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
      }
      throw new Ended();
    }

    void runHooks() throws InterruptedException {
      Thread thread = new Thread(() -> hooks.forEach(Runnable::run), "hooks");
      thread.setDaemon(true);
      thread.start();
      thread.join(TimeUnit.SECONDS.toMillis(10));
    }
  }

  /** `@send ID TOPIC PARTITION COUNT` begins one and sends; `@offsets ID GROUP TOPIC OFFSET`; `@commit ID`; `@abort ID`. */
  @SuppressWarnings("removal") // Without a member's generation, as a producer may commit that is in no group.
  static void transaction(String[] words) throws Exception {
    String id = words[1];
    boolean fresh = !producers.containsKey(id);
    KafkaProducer<String, String> producer = producers.computeIfAbsent(id, Tools::producer);
    switch (words[0]) {
      case "@send" -> {
        if (fresh) producer.initTransactions();
        producer.beginTransaction();
        for (int index = 0; index < Integer.parseInt(words[4]); index++) {
          producer.send(new ProducerRecord<>(words[2], Integer.parseInt(words[3]), null, "record " + index));
        }
        producer.flush();
      }
      case "@offsets" -> {
        Map<TopicPartition, OffsetAndMetadata> offsets = Map.of(new TopicPartition(words[3], 0), new OffsetAndMetadata(Long.parseLong(words[4]), "in a transaction"));
        producer.sendOffsetsToTransaction(offsets, new ConsumerGroupMetadata(words[2]));
      }
      case "@commit" -> producer.commitTransaction();
      case "@abort" -> producer.abortTransaction();
      default -> throw new IllegalArgumentException(words[0]);
    }
  }

  static KafkaProducer<String, String> producer(String id) {
    Map<String, Object> config = Map.of("bootstrap.servers", bootstrap, "transactional.id", id, "client.id", id, "max.block.ms", 15000, "transaction.timeout.ms", 300000);
    return new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
  }
}
