/** The part of the phrase book that is about other protocols. */
export const protocolPhrases: Readonly<Record<string, string>> = {
  // Open Inference Protocol
  "the version in its path is no whole number": "路径中的版本不是整数",
  "it nests too deep, or holds too many arrays, objects or keys": "嵌套过深，或数组、对象、键过多",
  "it is something else": "它是别的内容",
  "its header Inference-Header-Content-Length is no whole number": "其 Inference-Header-Content-Length 头不是整数",
  "it has {} inputs, where one is expected": "它有 {1} 个输入，应只有一个",
  "it is no whole number of microseconds": "不是以微秒为单位的整数",
  "it is no whole number of bytes": "不是整数字节数",
  "there is no output {}; the output is text": "没有输出 {1}；输出名为 text",
  "the output text has no classes": "输出 text 没有类别",
  "shared memory is not supported; send and receive tensors in the bodies":
    "不支持共享内存；请在请求体和响应体中收发张量",
  "the datatype {} is not supported; send FP32 samples, 16 kHz mono, or BYTES":
    "不支持数据类型 {1}；请发送 FP32 样本（16 kHz 单声道）或 BYTES",
  "the shape [{}] is not supported; it is [n] or [1, n] of FP32, [1] or [1, 1] of BYTES":
    "不支持形状 [{1}]；FP32 为 [n] 或 [1, n]，BYTES 为 [1] 或 [1, 1]",
  "its input has both data and binary_data_size": "其输入同时有 data 和 binary_data_size",
  "binary_data_size needs the header Inference-Header-Content-Length":
    "使用 binary_data_size 需要 Inference-Header-Content-Length 头",
  "binary_data_size does not fit the shape of its input": "binary_data_size 与其输入的形状不符",
  "its input has no data, which is an array": "其输入没有 data（应为数组）",
  "its input has {} elements, and its shape says {}": "其输入有 {1} 个元素，而形状为 {2}",
  "the data of FP32 are not all numbers": "FP32 的 data 不全是数字",
  "the data of BYTES are no base64; send a file as a binary tensor, or in base64":
    "BYTES 的 data 不是 base64；请以二进制张量或 base64 发送文件",
  "its Content-Encoding {} is not read; gzip and deflate are": "不支持其 Content-Encoding {1}；可用 gzip 和 deflate",
  "its body cannot be unpacked": "其请求体无法解压",
  "its body ends before the lengths that it says": "其请求体短于所声明的长度",
  "bytes follow its last tensor": "最后一个张量之后还有多余的字节",
  "its body is no whole number of FP32 samples": "其请求体不是整数个 FP32 样本",
  "the length of its BYTES element does not fit binary_data_size": "其 BYTES 元素的长度与 binary_data_size 不符",
  "models are loaded as their files are; nothing of them can be sent along": "模型按其文件加载；不能随请求发送其内容",

  // OpenAI
  "it is missing; whisper-1 stands for the default model": "缺少该字段；whisper-1 表示默认模型",
  "subtitles are not streamed": "字幕格式不支持流式返回",
  "diarized_json needs a model that tells speakers apart, and there is none":
    "diarized_json 需要能区分说话人的模型，此处没有",
  "it goes with response_format verbose_json": "仅可与 response_format=verbose_json 一起使用",
  "a streamed answer has no times; leave out stream": "流式结果没有时间；请不要使用 stream",
  "no model here gives logprobs": "此处没有模型能给出 logprobs",
  "it is no list of texts": "不是文字列表",
  "it is no JSON": "不是 JSON",
  "it is neither auto nor an object": "既不是 auto，也不是对象",
  "it is not server_vad": "不是 server_vad",
  "it is no number": "不是数字",
  "it holds too many arrays and objects": "数组和对象过多",
  "it has no type": "没有 type",
  "it is no text in base64": "不是 base64 文字",
  "it is none of pcm16, g711_ulaw, g711_alaw": "不是 pcm16、g711_ulaw、g711_alaw 之一",
  "it is none of audio/pcm, audio/pcmu, audio/pcma": "不是 audio/pcm、audio/pcmu、audio/pcma 之一",
  "it is no text": "不是文字",
  "it is not between {} and {}": "不在 {1} 与 {2} 之间",
  "audio comes as base64 in input_audio_buffer.append": "音频应以 base64 放在 input_audio_buffer.append 中",
};
