from flask import Flask, jsonify
app = Flask(__name__)
@app.route("/api/health")
def health():
    return jsonify(success=True, status="running", loaded_models_count=0)
